package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.ReconnectContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Whose connections are closed, behind the servlet on Tomcat.
 */
class StreamableHttpServletReconnectTests extends ReconnectContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
