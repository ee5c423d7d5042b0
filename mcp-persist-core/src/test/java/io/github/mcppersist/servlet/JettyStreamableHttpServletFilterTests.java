package io.github.mcppersist.servlet;

import jakarta.servlet.Filter;

import io.github.mcppersist.transport.WebServer;

/**
 * Filters that replace the response, in front of the servlet on Jetty.
 */
class JettyStreamableHttpServletFilterTests extends AbstractFilterTests {

	@Override
	WebServer serve(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter) throws Exception {
		return new JettyServer(servlet, filter, asyncFilter);
	}

}
