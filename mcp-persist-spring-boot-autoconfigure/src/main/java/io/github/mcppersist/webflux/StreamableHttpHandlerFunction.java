package io.github.mcppersist.webflux;

import java.security.Principal;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Serves a {@link StreamableHttpEndpoint} in a reactive application, on any server that
 * Spring WebFlux runs on. Route all methods of a path to it, such as with
 * {@link #at(String)}. It never blocks, and what becomes of a response has no effect on
 * the tool that is answering: the status is known, and the endpoint called, only when the
 * response is being written.
 */
public final class StreamableHttpHandlerFunction implements HandlerFunction<ServerResponse> {

	private final StreamableHttpEndpoint endpoint;

	private final McpTransportContextExtractor<ServerRequest> contextExtractor;

	/**
	 * Create a handler function whose tools see an empty transport context.
	 * @param endpoint the endpoint to serve
	 */
	public StreamableHttpHandlerFunction(StreamableHttpEndpoint endpoint) {
		this(endpoint, (request) -> McpTransportContext.EMPTY);
	}

	/**
	 * Create a handler function.
	 * @param endpoint the endpoint to serve
	 * @param contextExtractor makes the transport context that tools see out of a request
	 */
	public StreamableHttpHandlerFunction(StreamableHttpEndpoint endpoint,
			McpTransportContextExtractor<ServerRequest> contextExtractor) {
		this.endpoint = endpoint;
		this.contextExtractor = contextExtractor;
	}

	/**
	 * Route a path to this handler function, whatever the method: it answers those that
	 * it doesn't serve itself.
	 * @param path the path
	 * @return the router function
	 */
	public RouterFunction<ServerResponse> at(String path) {
		return RouterFunctions.route(RequestPredicates.path(path), this);
	}

	@Override
	public Mono<ServerResponse> handle(ServerRequest request) {
		return ServerResponse.ok().build((exchange, context) -> answer(request, exchange));
	}

	private Mono<Void> answer(ServerRequest request, ServerWebExchange exchange) {
		return request.principal()
			.cast(Principal.class)
			.singleOptional()
			.flatMap((principal) -> Mono.deferContextual((context) -> {
				ReactiveEndpointResponse response = new ReactiveEndpointResponse(exchange.getResponse());
				this.endpoint.handle(new ReactiveEndpointRequest(request, exchange.getResponse(),
						principal.orElse(null), context, this.contextExtractor), response);
				return response.written();
			}));
	}

}
