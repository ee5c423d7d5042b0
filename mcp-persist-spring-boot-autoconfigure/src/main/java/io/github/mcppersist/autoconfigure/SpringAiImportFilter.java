package io.github.mcppersist.autoconfigure;

import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanClassLoaderAware;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.boot.web.context.reactive.ConfigurableReactiveWebEnvironment;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.ConfigurableWebEnvironment;

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

	private static final String OWN_PACKAGE = SpringAiImportFilter.class.getPackageName() + ".";

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
		if (!environment.getProperty("mcp.persist.enabled", Boolean.class, true)
				|| !is(environment, "enabled", "true", true) || !isPresent(MCP_SERVER)) {
			return (name) -> false;
		}
		boolean ours = is(environment, "protocol", "STREAMABLE", false) && is(environment, "stdio", "false", true)
				&& isTransportPresent(environment);
		return ours ? Set.of(WEBMVC_TRANSPORT, WEBFLUX_TRANSPORT)::contains : (name) -> name.startsWith(OWN_PACKAGE);
	}

	// Spring AI looks at the class path alone, so with both transports on it neither the
	// one nor the other is of use to it
	private boolean isTransportPresent(Environment environment) {
		return (isPresent(WEBMVC_TRANSPORT) && environment instanceof ConfigurableWebEnvironment)
				|| (isPresent(WEBFLUX_TRANSPORT) && environment instanceof ConfigurableReactiveWebEnvironment);
	}

	private boolean isPresent(String name) {
		return ClassUtils.isPresent(name, this.classLoader);
	}

	private static boolean is(Environment environment, String property, String value, boolean matchIfMissing) {
		String actual = environment.getProperty("spring.ai.mcp.server." + property);
		return (actual != null) ? value.equalsIgnoreCase(actual) : matchIfMissing;
	}

}
