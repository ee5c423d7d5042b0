package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.ContextCaptureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What handlers see, behind the servlet on Tomcat.
 */
class StreamableHttpServletContextCaptureTests extends ContextCaptureContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected String requestThread() {
		return "http-nio";
	}

}
