package io.github.mcppersist.servlet;

import jakarta.servlet.Filter;
import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.servlet.JettyServer;
import io.github.mcppersist.test.transport.WebServer;

/**
 * Spring's own filters in front of the servlet on Jetty.
 */
@Tag("slow")
class JettySpringFilterTests extends AbstractSpringFilterTests {

	@Override
	protected WebServer serve(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter) throws Exception {
		return new JettyServer(servlet, filter, asyncFilter);
	}

}
