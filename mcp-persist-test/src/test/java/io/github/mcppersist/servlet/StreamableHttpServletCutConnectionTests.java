package io.github.mcppersist.servlet;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.CutConnectionContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Connections that are reset, behind the servlet on Tomcat.
 */
class StreamableHttpServletCutConnectionTests extends CutConnectionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
