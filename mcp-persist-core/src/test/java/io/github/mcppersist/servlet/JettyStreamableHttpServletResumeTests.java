package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.ResumeContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What a client gets that comes back, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletResumeTests extends ResumeContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
