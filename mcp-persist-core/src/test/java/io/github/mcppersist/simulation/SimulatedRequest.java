package io.github.mcppersist.simulation;

import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import io.github.mcppersist.transport.EndpointRequest;

/**
 * A request of a client.
 *
 * @param method the HTTP method
 * @param headers the headers, by their names in lower case
 * @param text the body
 */
public record SimulatedRequest(String method, Map<String, String> headers, String text) implements EndpointRequest {

	public static SimulatedRequest of(String method, String userAgent, @Nullable String sessionId,
			@Nullable String lastEventId, String text) {
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put("host", "example.com");
		headers.put("accept", "application/json, text/event-stream");
		headers.put("content-type", "application/json");
		headers.put("user-agent", userAgent);
		if (sessionId != null) {
			headers.put("mcp-session-id", sessionId);
		}
		if (lastEventId != null) {
			headers.put("last-event-id", lastEventId);
		}
		return new SimulatedRequest(method, headers, text);
	}

	@Override
	public @Nullable String header(String name) {
		return this.headers.get(name.toLowerCase(Locale.ROOT));
	}

	@Override
	public Collection<String> headerNames() {
		return this.headers.keySet();
	}

	@Override
	public @Nullable Principal principal() {
		return null;
	}

	@Override
	public boolean isLocalAddressLoopback() {
		return false;
	}

	@Override
	public Mono<byte[]> body(int maxBytes) {
		return Mono.just(this.text.getBytes(StandardCharsets.UTF_8));
	}

	@Override
	public McpTransportContext transportContext() {
		return McpTransportContext.EMPTY;
	}

	@Override
	public ContextView reactorContext() {
		return Context.empty();
	}

}
