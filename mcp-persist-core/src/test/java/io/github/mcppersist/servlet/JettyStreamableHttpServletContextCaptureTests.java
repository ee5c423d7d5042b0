package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.ContextCaptureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What handlers see, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletContextCaptureTests extends ContextCaptureContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

	@Override
	protected String requestThread() {
		return "qtp";
	}

}
