package io.github.mcppersist.autoconfigure.report;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the one line that is logged when the application is ready: where
 * MCP is served, what is kept where, and whether it is encrypted there, or why it isn't
 * served.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
public final class StartReportAutoConfiguration {

	/**
	 * Name of the bean that logs the line.
	 */
	public static final String START_REPORT = "mcpPersistStartReport";

	@Bean(START_REPORT)
	StartReport mcpPersistStartReport(ConfigurableApplicationContext context) {
		return new StartReport(context);
	}

}
