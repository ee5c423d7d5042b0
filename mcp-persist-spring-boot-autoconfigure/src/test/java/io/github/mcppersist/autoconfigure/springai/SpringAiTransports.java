package io.github.mcppersist.autoconfigure.springai;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.ai.mcp.server.webflux.transport.WebFluxStreamableServerTransportProvider;
import org.springframework.ai.mcp.server.webmvc.transport.WebMvcStreamableServerTransportProvider;

/**
 * Spring AI's two modules with transports, of which an application has one.
 *
 * @param name the module's, as it is part of names
 * @param type its transport
 * @param routerFunction the bean name of its router function
 */
public record SpringAiTransports(String name, Class<? extends McpStreamableServerTransportProvider> type,
		String routerFunction) {

	public static final SpringAiTransports WEBMVC = new SpringAiTransports("WebMvc",
			WebMvcStreamableServerTransportProvider.class, SpringAiWebMvcAutoConfiguration.ROUTER_FUNCTION);

	public static final SpringAiTransports WEBFLUX = new SpringAiTransports("WebFlux",
			WebFluxStreamableServerTransportProvider.class, SpringAiWebFluxAutoConfiguration.ROUTER_FUNCTION);

	/**
	 * Return what takes the other module off the class path, so to say: Spring AI itself
	 * doesn't start with both.
	 * @return a property
	 */
	public String alone() {
		return "spring.autoconfigure.exclude=" + others();
	}

	/**
	 * Return the other module's auto-configuration.
	 * @return the names of its classes, separated by commas
	 */
	public String others() {
		String other = (this == WEBMVC) ? WEBFLUX.name : WEBMVC.name;
		return Stream.of("Sse", "StreamableHttp", "Stateless")
			.map((kind) -> "org.springframework.ai.mcp.server." + other.toLowerCase(Locale.ROOT)
					+ ".autoconfigure.McpServer" + kind + other + "AutoConfiguration")
			.collect(Collectors.joining(","));
	}

}
