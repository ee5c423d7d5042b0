package io.github.mcppersist.servlet;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.ContextCaptureContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

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
