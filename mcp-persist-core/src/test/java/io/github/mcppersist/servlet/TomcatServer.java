package io.github.mcppersist.servlet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;

import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * A Tomcat on a free port that serves an endpoint at {@code /mcp}.
 */
public final class TomcatServer implements WebServer {

	// Held, or its level is forgotten with it
	private static final Logger logger = Logger.getLogger("org.apache");

	static {
		logger.setLevel(Level.SEVERE);
	}

	private final Tomcat tomcat = new Tomcat();

	public TomcatServer(StreamableHttpEndpoint endpoint) throws IOException, LifecycleException {
		Path base = Files.createTempDirectory("tomcat");
		this.tomcat.setBaseDir(base.toString());
		this.tomcat.setPort(0);
		this.tomcat.getConnector().setProperty("address", "127.0.0.1");
		StandardContext context = (StandardContext) this.tomcat.addContext("", base.toString());
		Wrapper servlet = Tomcat.addServlet(context, "mcp", new StreamableHttpServlet(endpoint));
		servlet.setAsyncSupported(true);
		context.addServletMappingDecoded("/mcp", "mcp");
		this.tomcat.start();
	}

	@Override
	public int port() {
		return this.tomcat.getConnector().getLocalPort();
	}

	@Override
	public void close() throws LifecycleException {
		this.tomcat.stop();
		this.tomcat.destroy();
	}

}
