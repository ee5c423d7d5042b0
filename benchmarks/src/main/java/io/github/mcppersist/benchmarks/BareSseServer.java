package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;

/**
 * The least that holds SSE streams open: a Tomcat, set up as Spring Boot does it, with a
 * servlet that answers each GET with one event and leaves it at that. What it needs for a
 * stream is the container's own.
 */
public final class BareSseServer {

	private BareSseServer() {
	}

	/**
	 * Serve until killed.
	 * @param arguments the port to listen at, and how many connections to take
	 * @throws IOException if there is no room for its files
	 * @throws LifecycleException if it can't be started
	 */
	public static void main(String[] arguments) throws IOException, LifecycleException {
		Path base = Files.createTempDirectory("mcp-persist-bare-");
		base.toFile().deleteOnExit();
		Tomcat tomcat = new Tomcat();
		tomcat.setBaseDir(base.toString());
		tomcat.setPort(Integer.parseInt(arguments[0]));
		tomcat.getConnector().setProperty("address", "127.0.0.1");
		tomcat.getConnector().setProperty("maxConnections", arguments[1]);
		StandardContext context = (StandardContext) tomcat.addContext("", base.toString());
		Wrapper wrapper = Tomcat.addServlet(context, "mcp", new SseServlet());
		wrapper.setAsyncSupported(true);
		context.addServletMappingDecoded("/mcp", "mcp");
		tomcat.start();
		tomcat.getServer().await();
	}

	/**
	 * Opens streams and says one thing.
	 */
	private static final class SseServlet extends HttpServlet {

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
