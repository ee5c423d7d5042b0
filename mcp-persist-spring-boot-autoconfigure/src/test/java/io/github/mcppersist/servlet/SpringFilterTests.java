package io.github.mcppersist.servlet;

import jakarta.servlet.Filter;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.WebServer;

/**
 * Spring's own filters in front of the servlet on Tomcat.
 */
class SpringFilterTests extends AbstractSpringFilterTests {

	@Override
	protected WebServer serve(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter) throws Exception {
		return new TomcatServer(servlet, filter, asyncFilter);
	}

}
