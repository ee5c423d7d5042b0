package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

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
import io.github.mcppersist.redis.RedisTaskStore;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * A Tomcat with one servlet and nothing else: the least that holds SSE streams open,
 * which answers each GET with one event and leaves it at that, ours, or the MCP SDK's own
 * of revision 2026-07-28. What the first needs for a stream is the container's own.
 */
public final class PlainTomcat {

	static final String BARE = "bare";

	static final String MCP = "mcp";

	static final String MODERN_SDK = "modern-sdk";

	private PlainTomcat() {
	}

	/**
	 * Return how such a server is started.
	 * @param redis the Redis to use
	 * @param connections how many connections to take
	 * @param waiting how many to let wait
	 * @param servlet {@value #BARE}, {@value #MCP} or {@value #MODERN_SDK}
	 * @return arguments of the {@code java} command
	 */
	static List<String> command(RedisServer redis, int connections, int waiting, String servlet) {
		return List.of("-cp", System.getProperty("java.class.path"),
				"-D" + BenchmarkRedis.PORT_PROPERTY + "=" + redis.port(), PlainTomcat.class.getName(), "%port%",
				Integer.toString(connections), Integer.toString(waiting), servlet);
	}

	/**
	 * Serve until killed.
	 * @param arguments the port to listen at, how many connections to take and to let
	 * wait, and {@value #BARE}, {@value #MCP} or {@value #MODERN_SDK}
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
		Wrapper wrapper = Tomcat.addServlet(context, "mcp", switch (arguments[3]) {
			case BARE -> new BareServlet();
			case MCP -> mcpServlet();
			case MODERN_SDK -> PlainTools.onModernSdk();
			default -> throw new IllegalArgumentException("There is no servlet '" + arguments[3] + "'");
		});
		wrapper.setAsyncSupported(true);
		context.addServletMappingDecoded("/mcp", "mcp");
		tomcat.start();
		tomcat.getServer().await();
	}

	private static Servlet mcpServlet() {
		RedisEventStore store = RedisEventStore.builder(new BenchmarkRedis().connectionFactory()).build();
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(store)
			.sessionStore(RedisSessionStore.of(store, Duration.ofHours(24)))
			.taskStore(RedisTaskStore.of(store, Duration.ofHours(1)))
			.nodeRegistry(RedisNodeRegistry.of(store, Duration.ofSeconds(10)))
			.options(StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build())
			.build();
		return PlainTools.on(endpoint);
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
