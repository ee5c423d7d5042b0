package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.SessionContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * How long a session lives, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletSessionTests extends SessionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
