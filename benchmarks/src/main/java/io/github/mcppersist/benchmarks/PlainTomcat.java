package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import io.modelcontextprotocol.server.McpServer;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.Servlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;

import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisNodeRegistry;
import io.github.mcppersist.redis.RedisSessionStore;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A Tomcat with one servlet and nothing else: either the least that holds SSE streams
 * open, which answers each GET with one event and leaves it at that, or ours. What the
 * first needs for a stream is the container's own.
 */
public final class PlainTomcat {

	static final String BARE = "bare";

	static final String MCP = "mcp";

	private PlainTomcat() {
	}

	/**
	 * Serve until killed.
	 * @param arguments the port to listen at, how many connections to take and to let
	 * wait, and {@value #BARE} or {@value #MCP}
	 * @throws IOException if there is no room for its files
	 * @throws LifecycleException if it can't be started
	 */
	public static void main(String[] arguments) throws IOException, LifecycleException {
		Path base = Files.createTempDirectory("mcp-persist-tomcat-");
		base.toFile().deleteOnExit();
		Tomcat tomcat = new Tomcat();
		tomcat.setBaseDir(base.toString());
		tomcat.setPort(Integer.parseInt(arguments[0]));
		tomcat.getConnector().setProperty("address", "127.0.0.1");
		tomcat.getConnector().setProperty("maxConnections", arguments[1]);
		tomcat.getConnector().setProperty("acceptCount", arguments[2]);
		StandardContext context = (StandardContext) tomcat.addContext("", base.toString());
		Wrapper wrapper = Tomcat.addServlet(context, "mcp",
				MCP.equals(arguments[3]) ? mcpServlet() : new BareServlet());
		wrapper.setAsyncSupported(true);
		context.addServletMappingDecoded("/mcp", "mcp");
		tomcat.start();
		tomcat.getServer().await();
	}

	private static Servlet mcpServlet() {
		RedisEventStore store = RedisEventStore.builder(new BenchmarkRedis().connectionFactory()).build();
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(store)
			.sessionStore(RedisSessionStore.of(store, Duration.ofHours(24)))
			.nodeRegistry(RedisNodeRegistry.of(store, Duration.ofSeconds(10)))
			.build();
		McpServer.sync(endpoint).serverInfo("benchmark", "1").build();
		return new StreamableHttpServlet(endpoint);
	}

	/**
	 * Opens streams and says one thing.
	 */
	private static final class BareServlet extends HttpServlet {

		private static final long serialVersionUID = 1L;

		@Override
		protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
			AsyncContext async = request.startAsync();
			async.setTimeout(0);
			response.setContentType("text/event-stream");
			response.getOutputStream().print("id: 1\ndata:\n\n");
			response.flushBuffer();
		}

	}

}
