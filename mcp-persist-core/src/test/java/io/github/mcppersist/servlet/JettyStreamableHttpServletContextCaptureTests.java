package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.ContextCaptureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What handlers see, behind the servlet on Jetty.
 */
@Tag("slow")
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
