package io.github.mcppersist.servlet;

import java.io.IOException;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Serves a {@link StreamableHttpEndpoint} at the path that it is registered at. Register
 * it with {@code asyncSupported}: no container thread is held by an open connection, and
 * writes never block one.
 */
public final class StreamableHttpServlet extends HttpServlet {

	private static final long serialVersionUID = 1L;

	private final transient StreamableHttpEndpoint endpoint;

	private final transient McpTransportContextExtractor<HttpServletRequest> contextExtractor;

	/**
	 * Create a servlet whose tools see an empty transport context.
	 * @param endpoint the endpoint to serve
	 */
	public StreamableHttpServlet(StreamableHttpEndpoint endpoint) {
		this(endpoint, (request) -> McpTransportContext.EMPTY);
	}

	/**
	 * Create a servlet.
	 * @param endpoint the endpoint to serve
	 * @param contextExtractor makes the transport context that tools see out of a request
	 */
	public StreamableHttpServlet(StreamableHttpEndpoint endpoint,
			McpTransportContextExtractor<HttpServletRequest> contextExtractor) {
		this.endpoint = endpoint;
		this.contextExtractor = contextExtractor;
	}

	@Override
	protected void service(HttpServletRequest request, HttpServletResponse response)
			throws ServletException, IOException {
		if (!request.isAsyncSupported()) {
			throw new ServletException(
					"Register this servlet, and each filter before it, with asyncSupported set to true");
		}
		ServletEndpointRequest endpointRequest = new ServletEndpointRequest(request, this.contextExtractor);
		AsyncContext async = request.startAsync();
		async.setTimeout(0);
		ServletEndpointResponse endpointResponse = ServletEndpointResponse.of(async, response);
		this.endpoint.handle(endpointRequest, endpointResponse);
		if (endpointRequest.isCut()) {
			endpointResponse.abandon();
		}
	}

}
