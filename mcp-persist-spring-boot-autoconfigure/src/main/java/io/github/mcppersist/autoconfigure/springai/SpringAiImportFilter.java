package io.github.mcppersist.autoconfigure.springai;

import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanClassLoaderAware;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

import io.github.mcppersist.autoconfigure.McpPersistProperties;

/**
 * Decides between Spring AI's transport and ours, where Spring AI configures an MCP
 * server. It backs off for nothing but a bean of its own final class, so it is kept from
 * being configured where ours takes its place: a servlet or reactive application whose
 * protocol is STREAMABLE. Any other server of Spring AI's is left alone, and then nothing
 * of ours is configured.
 */
final class SpringAiImportFilter implements AutoConfigurationImportFilter, BeanClassLoaderAware, EnvironmentAware {

	static final String MCP_SERVER = "org.springframework.ai.mcp.server.common.autoconfigure.McpServerAutoConfiguration";

	static final String WEBMVC_TRANSPORT = "org.springframework.ai.mcp.server.webmvc.autoconfigure"
			+ ".McpServerStreamableHttpWebMvcAutoConfiguration";

	static final String WEBFLUX_TRANSPORT = "org.springframework.ai.mcp.server.webflux.autoconfigure"
			+ ".McpServerStreamableHttpWebFluxAutoConfiguration";

	/**
	 * Says why nothing else of ours is configured.
	 */
	private static final String REPORT_PACKAGE = McpPersistProperties.class.getPackageName() + ".report.";

	private static final String OWN_PACKAGE = McpPersistProperties.class.getPackageName() + ".";

	/**
	 * Whoever has set keys doesn't want them shown, whatever is served.
	 */
	private static final String KEYS = OWN_PACKAGE + "actuate.EncryptionKeysAutoConfiguration";

	private @Nullable Environment environment;

	private @Nullable ClassLoader classLoader;

	@Override
	public void setEnvironment(Environment environment) {
		this.environment = environment;
	}

	@Override
	public void setBeanClassLoader(ClassLoader classLoader) {
		this.classLoader = classLoader;
	}

	// Is asked about all classes, and again about each alone
	@Override
	public boolean[] match(@Nullable String[] autoConfigurationClasses, AutoConfigurationMetadata metadata) {
		Predicate<String> unwanted = unwanted(Objects.requireNonNull(this.environment));
		boolean[] match = new boolean[autoConfigurationClasses.length];
		for (int i = 0; i < match.length; i++) {
			String name = autoConfigurationClasses[i];
			match[i] = name == null || !unwanted.test(name);
		}
		return match;
	}

	private Predicate<String> unwanted(Environment environment) {
		SpringAiSetup springAi = new SpringAiSetup(environment, this.classLoader);
		if (!environment.getProperty("mcp.persist.enabled", Boolean.class, true) || !springAi.hasServer()) {
			return (name) -> false;
		}
		return (springAi.obstacle() == null) ? Set.of(WEBMVC_TRANSPORT, WEBFLUX_TRANSPORT)::contains
				: (name) -> name.startsWith(OWN_PACKAGE) && !name.startsWith(REPORT_PACKAGE) && !name.equals(KEYS);
	}

}
