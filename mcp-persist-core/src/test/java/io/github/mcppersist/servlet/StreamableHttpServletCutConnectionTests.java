package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.CutConnectionContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Connections that are reset, behind the servlet on Tomcat.
 */
class StreamableHttpServletCutConnectionTests extends CutConnectionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
