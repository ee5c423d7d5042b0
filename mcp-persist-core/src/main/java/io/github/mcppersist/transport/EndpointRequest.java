package io.github.mcppersist.transport;

import java.security.Principal;
import java.util.Collection;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * One HTTP request, as an adapter hands it to a {@link StreamableHttpEndpoint}. All but
 * the body is read before {@link StreamableHttpEndpoint#handle} returns, on its caller's
 * thread.
 */
public interface EndpointRequest {

	/**
	 * Return the HTTP method.
	 * @return such as {@code POST}
	 */
	String method();

	/**
	 * Return a header. Several lines of one are joined to a list (RFC 9110, 5.3), which
	 * the endpoint refuses for a header that is none.
	 * @param name the name, in any case
	 * @return the values of all lines in their order, with {@code ", "} in between; or
	 * {@code null} if there is none
	 */
	@Nullable String header(String name);

	/**
	 * Return the names of all headers.
	 * @return the names, in any case and order
	 */
	Collection<String> headerNames();

	/**
	 * Return who sends the request.
	 * @return the authenticated principal, or {@code null} if there is none
	 */
	@Nullable Principal principal();

	/**
	 * Say whether the request came in on a loopback address of this machine.
	 * @return whether the local address of the connection is a loopback address
	 */
	boolean isLocalAddressLoopback();

	/**
	 * Read the body, which may come later and on another thread.
	 * @param maxBytes how many bytes to accept at most
	 * @return the body, which may have no bytes; fails with
	 * {@link RequestTooLargeException} if it is longer
	 */
	Mono<byte[]> body(int maxBytes);

	/**
	 * Return what tools see as the transport context of their exchange.
	 * @return the context that the application's extractor made of this request
	 */
	McpTransportContext transportContext();

	/**
	 * Return what handlers see as their Reactor context.
	 * @return the context that the request came with; empty where requests are bound to
	 * threads
	 */
	ContextView reactorContext();

}
