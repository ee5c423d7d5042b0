package io.github.mcppersist.servlet;

import java.io.IOException;
import java.time.Duration;

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

	private static final String HANDLED = StreamableHttpServlet.class.getName() + ".handled";

	/**
	 * Filters may take their time on the way out.
	 */
	private static final Duration MAX_WAIT = Duration.ofMinutes(1);

	private final transient StreamableHttpEndpoint endpoint;

	private final transient McpTransportContextExtractor<HttpServletRequest> contextExtractor;

	private final transient BypassedWrappers bypassedWrappers = new BypassedWrappers();

	private final Duration maxWait;

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
		this(endpoint, contextExtractor, MAX_WAIT);
	}

	StreamableHttpServlet(StreamableHttpEndpoint endpoint,
			McpTransportContextExtractor<HttpServletRequest> contextExtractor, Duration maxWait) {
		this.maxWait = maxWait;
		this.endpoint = endpoint;
		this.contextExtractor = contextExtractor;
	}

	@Override
	protected void service(HttpServletRequest request, HttpServletResponse response)
			throws ServletException, IOException {
		if (request.getAttribute(HANDLED) != null) {
			throw new ServletException("A filter has dispatched a request again that the MCP endpoint is answering: "
					+ "have it leave the request alone when request.isAsyncStarted() after the chain");
		}
		ServletEndpointRequest endpointRequest = new ServletEndpointRequest(request, this.contextExtractor);
		AsyncContext async = startAsync(request);
		ContainerResponse containerResponse = ContainerResponse.of(async, response);
		ResponseWriter writer = new ResponseWriter(async, containerResponse, this.maxWait);
		// First of all: whatever happens now, the endpoint is told of it
		async.addListener(writer);
		if (containerResponse.isTaken()) {
			throw new ServletException("A filter has sent the response before the MCP endpoint could answer: "
					+ containerResponse.describe());
		}
		containerResponse.take(writer);
		this.bypassedWrappers.saw(containerResponse.wrappers());
		request.setAttribute(HANDLED, true);
		this.endpoint.handle(endpointRequest, new ServletEndpointResponse(writer));
		if (endpointRequest.isCut()) {
			// The container won't say any more that it can be written to, and, if nobody
			// ended it, would dispatch to the application's error page
			writer.end(HttpServletResponse.SC_BAD_REQUEST);
		}
	}

	private static AsyncContext startAsync(HttpServletRequest request) throws ServletException {
		try {
			AsyncContext async = request.startAsync();
			async.setTimeout(0);
			return async;
		}
		catch (IllegalStateException ex) {
			throw new ServletException(
					"Register this servlet, and each filter before it, with asyncSupported set to true; the filters are "
							+ ContainerResponse.filters(request.getServletContext()),
					ex);
		}
	}

}
