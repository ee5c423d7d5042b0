package io.github.mcppersist.autoconfigure.springai;

import org.springframework.boot.autoconfigure.condition.AllNestedConditions;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/**
 * Matches where {@link SpringAiImportFilter} keeps Spring AI's transport from being
 * configured, as far as properties say so.
 */
final class SpringAiServerCondition extends AllNestedConditions {

	SpringAiServerCondition() {
		super(ConfigurationPhase.PARSE_CONFIGURATION);
	}

	@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
	static class Enabled {

	}

	@ConditionalOnProperty(name = "spring.ai.mcp.server.protocol", havingValue = "STREAMABLE")
	@ConditionalOnProperty(name = "spring.ai.mcp.server.stdio", havingValue = "false", matchIfMissing = true)
	@ConditionalOnProperty(name = "spring.ai.mcp.server.enabled", havingValue = "true", matchIfMissing = true)
	static class StreamableServer {

	}

}
