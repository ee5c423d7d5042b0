package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.LargeAnswerContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Large answers without a stream, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletLargeAnswerTests extends LargeAnswerContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
