package io.github.mcppersist.test.servlet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.UpgradeProtocol;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.apache.tomcat.util.threads.ThreadPoolExecutor;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A Tomcat on a free port that serves an endpoint at {@code /mcp}. Whoever the header
 * {@value #USER} names is the authenticated principal.
 */
public final class TomcatServer implements WebServer {

	/**
	 * Name of the header that says who the authenticated principal is.
	 */
	public static final String USER = "X-Test-User";

	// Held, or its level is forgotten with it
	private static final Logger logger = Logger.getLogger("org.apache");

	static {
		logger.setLevel(Level.SEVERE);
	}

	private final Tomcat tomcat = new Tomcat();

	public TomcatServer(StreamableHttpEndpoint endpoint) throws IOException, LifecycleException {
		this(endpoint, List.of());
	}

	public TomcatServer(StreamableHttpEndpoint endpoint, List<UpgradeProtocol> upgrades)
			throws IOException, LifecycleException {
		this(new StreamableHttpServlet(endpoint), upgrades, null, true);
	}

	public TomcatServer(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter)
			throws IOException, LifecycleException {
		this(servlet, List.of(), filter, asyncFilter);
	}

	private TomcatServer(StreamableHttpServlet servlet, List<UpgradeProtocol> upgrades, @Nullable Filter filter,
			boolean asyncFilter) throws IOException, LifecycleException {
		Path base = Files.createTempDirectory("tomcat");
		this.tomcat.setBaseDir(base.toString());
		this.tomcat.setPort(0);
		this.tomcat.getConnector().setProperty("address", "127.0.0.1");
		upgrades.forEach(this.tomcat.getConnector()::addUpgradeProtocol);
		StandardContext context = (StandardContext) this.tomcat.addContext("", base.toString());
		Wrapper wrapper = Tomcat.addServlet(context, "mcp", servlet);
		wrapper.setAsyncSupported(true);
		context.addServletMappingDecoded("/mcp", "mcp");
		if (filter != null) {
			FilterDef definition = new FilterDef();
			definition.setFilterName("filter");
			definition.setFilter(filter);
			definition.setAsyncSupported(Boolean.toString(asyncFilter));
			context.addFilterDef(definition);
			FilterMap mapping = new FilterMap();
			mapping.setFilterName("filter");
			mapping.addURLPattern("/*");
			context.addFilterMap(mapping);
		}
		context.getPipeline().addValve(new Authentication());
		this.tomcat.start();
	}

	@Override
	public int port() {
		return this.tomcat.getConnector().getLocalPort();
	}

	/**
	 * Return how many threads handle a request at the moment.
	 * @return the number
	 */
	public int busyThreads() {
		return (this.tomcat.getConnector().getProtocolHandler().getExecutor() instanceof ThreadPoolExecutor executor)
				? executor.getActiveCount() : -1;
	}

	@Override
	public void close() throws LifecycleException {
		this.tomcat.stop();
		this.tomcat.destroy();
	}

	/**
	 * Believes whatever a request says.
	 */
	private static final class Authentication extends ValveBase {

		Authentication() {
			super(true);
		}

		@Override
		public void invoke(Request request, Response response) throws IOException, ServletException {
			String user = request.getHeader(USER);
			if (user != null) {
				request.setUserPrincipal(() -> user);
			}
			getNext().invoke(request, response);
		}

	}

}
