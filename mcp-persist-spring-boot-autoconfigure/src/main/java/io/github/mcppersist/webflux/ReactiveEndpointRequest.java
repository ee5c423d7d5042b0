package io.github.mcppersist.webflux;

import java.net.InetSocketAddress;
import java.security.Principal;
import java.util.Collection;
import java.util.List;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.BodyExtractors;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

import io.github.mcppersist.transport.EndpointRequest;
import io.github.mcppersist.transport.RequestTooLargeException;

/**
 * A request of a reactive server.
 */
final class ReactiveEndpointRequest implements EndpointRequest {

	private static final byte[] NOTHING = new byte[0];

	private final ServerRequest request;

	private final boolean originAllowed;

	private final @Nullable Principal principal;

	private final ContextView reactorContext;

	private final McpTransportContextExtractor<ServerRequest> contextExtractor;

	/**
	 * Wrap a request.
	 * @param request the request
	 * @param response has a header if the application's CORS configuration has allowed
	 * the request's origin, so that there is nothing left to check
	 * @param principal who sends the request, or {@code null}
	 * @param reactorContext the context that the request came with
	 * @param contextExtractor makes the transport context
	 */
	ReactiveEndpointRequest(ServerRequest request, ServerHttpResponse response, @Nullable Principal principal,
			ContextView reactorContext, McpTransportContextExtractor<ServerRequest> contextExtractor) {
		this.request = request;
		this.originAllowed = response.getHeaders().containsHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN);
		this.principal = principal;
		this.reactorContext = reactorContext;
		this.contextExtractor = contextExtractor;
	}

	@Override
	public String method() {
		return this.request.method().name();
	}

	@Override
	public @Nullable String header(String name) {
		if (this.originAllowed && HttpHeaders.ORIGIN.equalsIgnoreCase(name)) {
			return null;
		}
		List<String> lines = this.request.headers().header(name);
		return lines.isEmpty() ? null : String.join(", ", lines);
	}

	@Override
	public Collection<String> headerNames() {
		return this.request.headers().asHttpHeaders().headerNames();
	}

	@Override
	public @Nullable Principal principal() {
		return this.principal;
	}

	@Override
	public boolean isLocalAddressLoopback() {
		InetSocketAddress address = this.request.exchange().getRequest().getLocalAddress();
		return address != null && address.getAddress() != null && address.getAddress().isLoopbackAddress();
	}

	@Override
	public Mono<byte[]> body(int maxBytes) {
		if (this.request.headers().contentLength().orElse(0) > maxBytes) {
			return Mono.error(new RequestTooLargeException(maxBytes));
		}
		return DataBufferUtils.join(this.request.body(BodyExtractors.toDataBuffers()), maxBytes)
			.map(ReactiveEndpointRequest::bytes)
			.defaultIfEmpty(NOTHING)
			.onErrorMap(DataBufferLimitException.class, (ex) -> new RequestTooLargeException(maxBytes));
	}

	private static byte[] bytes(DataBuffer buffer) {
		try {
			byte[] bytes = new byte[buffer.readableByteCount()];
			buffer.read(bytes);
			return bytes;
		}
		finally {
			DataBufferUtils.release(buffer);
		}
	}

	@Override
	public McpTransportContext transportContext() {
		return this.contextExtractor.extract(this.request);
	}

	@Override
	public ContextView reactorContext() {
		return this.reactorContext;
	}

}
