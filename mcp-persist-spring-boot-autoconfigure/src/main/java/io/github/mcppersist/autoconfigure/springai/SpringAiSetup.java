package io.github.mcppersist.autoconfigure.springai;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.web.context.reactive.ConfigurableReactiveWebEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.ConfigurableWebEnvironment;

/**
 * How Spring AI's MCP server is set up, by the class path and the properties: the one
 * place that decides whether this transport takes the place of Spring AI's, and says why
 * it doesn't.
 */
public final class SpringAiSetup {

	private static final String PROPERTIES = "spring.ai.mcp.server.";

	private static final String PROTOCOL = PROPERTIES + "protocol";

	private final Environment environment;

	private final @Nullable ClassLoader classLoader;

	/**
	 * Create an answer to how it is set up.
	 * @param environment the properties
	 * @param classLoader has the class path; the default one if {@code null}
	 */
	public SpringAiSetup(Environment environment, @Nullable ClassLoader classLoader) {
		this.environment = environment;
		this.classLoader = classLoader;
	}

	/**
	 * Return whether Spring AI configures an MCP server.
	 * @return whether it does, of whatever kind
	 */
	public boolean hasServer() {
		return is("enabled", "true", true) && isPresent(SpringAiImportFilter.MCP_SERVER);
	}

	/**
	 * Say why that server isn't served by this transport.
	 * @return the reason and what to do, or {@code null} if it is served
	 */
	public @Nullable String obstacle() {
		if (!is("stdio", "false", true)) {
			return PROPERTIES + "stdio is " + property("stdio") + ", and standard input and output have no streams to "
					+ "resume. Set it to false, and " + PROTOCOL + "=STREAMABLE, for a server on HTTP";
		}
		if (!is("protocol", "STREAMABLE", false)) {
			String protocol = property("protocol");
			if ("MODERN".equalsIgnoreCase(protocol)) {
				return PROTOCOL
						+ " is MODERN, and Spring AI's own server serves revision 2026-07-28 and no other. Set it "
						+ "to STREAMABLE to serve that one and those before it at the same path";
			}
			return (protocol != null) ? PROTOCOL + " is " + protocol + ". Set it to STREAMABLE"
					: PROTOCOL + " isn't set, and Spring AI's default is SSE. Set it to STREAMABLE";
		}
		if (!isTransportPresent()) {
			return "this isn't a web application of the kind that its MCP server starter is made for. Use "
					+ "spring-ai-starter-mcp-server-webmvc in a servlet application, or "
					+ "spring-ai-starter-mcp-server-webflux in a reactive one";
		}
		return null;
	}

	// Spring AI looks at the class path alone, so with both transports on it neither the
	// one nor the other is of use to it
	private boolean isTransportPresent() {
		return (isPresent(SpringAiImportFilter.WEBMVC_TRANSPORT)
				&& this.environment instanceof ConfigurableWebEnvironment)
				|| (isPresent(SpringAiImportFilter.WEBFLUX_TRANSPORT)
						&& this.environment instanceof ConfigurableReactiveWebEnvironment);
	}

	private boolean isPresent(String name) {
		return ClassUtils.isPresent(name, this.classLoader);
	}

	private boolean is(String name, String value, boolean matchIfMissing) {
		String actual = property(name);
		return (actual != null) ? value.equalsIgnoreCase(actual) : matchIfMissing;
	}

	private @Nullable String property(String name) {
		return this.environment.getProperty(PROPERTIES + name);
	}

}
