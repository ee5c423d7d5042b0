package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.RequestContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * How requests are refused, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletRequestTests extends RequestContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
