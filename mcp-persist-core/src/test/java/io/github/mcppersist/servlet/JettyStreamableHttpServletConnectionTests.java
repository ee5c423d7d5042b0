package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.ConnectionContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What goes over a connection, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletConnectionTests extends ConnectionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
