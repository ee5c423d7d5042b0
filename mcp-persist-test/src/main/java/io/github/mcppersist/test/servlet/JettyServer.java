package io.github.mcppersist.test.servlet;

import java.security.Principal;
import java.time.Duration;
import java.util.EnumSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A Jetty on a free port that serves an endpoint at {@code /mcp}. Whoever the header
 * {@value TomcatServer#USER} names is the authenticated principal.
 */
public final class JettyServer implements WebServer {

	private static final Logger logger = LoggerFactory.getLogger(JettyServer.class);

	private static final Duration STOP_LIMIT = Duration.ofSeconds(20);

	private final QueuedThreadPool threads = new QueuedThreadPool();

	private final Server server = new Server(this.threads);

	private final ServerConnector connector = new ServerConnector(this.server);

	public JettyServer(StreamableHttpEndpoint endpoint) throws Exception {
		this(new StreamableHttpServlet(endpoint), null, true);
	}

	public JettyServer(StreamableHttpServlet mcp, @Nullable Filter ownFilter, boolean asyncFilter) throws Exception {
		this.threads.setDaemon(true);
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

	// Jetty 12.1.13 may stop for ever: its selector closes a connection, cancels a write
	// that fails at that moment, and waits for a second sign that it has (HttpConnection,
	// SendCallback.cancel). It goes on if it is interrupted.
	@Override
	public void close() throws Exception {
		FutureTask<Void> stop = new FutureTask<>(() -> {
			this.server.stop();
			return null;
		});
		Thread thread = new Thread(stop, "jetty-stop");
		thread.setDaemon(true);
		thread.start();
		try {
			stop.get(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS);
		}
		catch (TimeoutException ex) {
			logger.warn("Jetty didn't stop within {} s; interrupting its threads: {}", STOP_LIMIT.toSeconds(),
					this.server.dump());
			Thread.getAllStackTraces()
				.keySet()
				.stream()
				.filter((candidate) -> candidate.getName().startsWith(this.threads.getName()))
				.forEach(Thread::interrupt);
			stop.get(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS);
		}
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
