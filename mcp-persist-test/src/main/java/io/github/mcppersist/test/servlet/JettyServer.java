package io.github.mcppersist.test.servlet;

import java.security.Principal;
import java.util.EnumSet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A Jetty on a free port that serves an endpoint at {@code /mcp}. Whoever the header
 * {@value TomcatServer#USER} names is the authenticated principal.
 */
public final class JettyServer implements WebServer {

	private final Server server = new Server();

	private final ServerConnector connector = new ServerConnector(this.server);

	public JettyServer(StreamableHttpEndpoint endpoint) throws Exception {
		this(new StreamableHttpServlet(endpoint), null, true);
	}

	public JettyServer(StreamableHttpServlet mcp, @Nullable Filter ownFilter, boolean asyncFilter) throws Exception {
		this.connector.setHost("127.0.0.1");
		this.server.addConnector(this.connector);
		ServletContextHandler context = new ServletContextHandler("/");
		ServletHolder servlet = new ServletHolder(mcp);
		servlet.setAsyncSupported(true);
		context.addServlet(servlet, "/mcp");
		Filter authentication = (request, response, chain) -> chain
			.doFilter(new AuthenticatedRequest((HttpServletRequest) request), response);
		FilterHolder filter = new FilterHolder(authentication);
		filter.setAsyncSupported(true);
		context.addFilter(filter, "/*", EnumSet.of(DispatcherType.REQUEST));
		if (ownFilter != null) {
			FilterHolder own = new FilterHolder(ownFilter);
			own.setAsyncSupported(asyncFilter);
			context.addFilter(own, "/*", EnumSet.of(DispatcherType.REQUEST));
		}
		this.server.setHandler(context);
		this.server.start();
	}

	@Override
	public int port() {
		return this.connector.getLocalPort();
	}

	@Override
	public void close() throws Exception {
		this.server.stop();
	}

	/**
	 * Believes whatever a request says.
	 */
	private static final class AuthenticatedRequest extends HttpServletRequestWrapper {

		AuthenticatedRequest(HttpServletRequest request) {
			super(request);
		}

		@Override
		public @Nullable Principal getUserPrincipal() {
			String user = getHeader(TomcatServer.USER);
			return (user != null) ? () -> user : null;
		}

	}

}
