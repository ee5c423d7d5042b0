package io.github.mcppersist.servlet;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.ReconnectContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Whose connections are closed, behind the servlet on Tomcat.
 */
class StreamableHttpServletReconnectTests extends ReconnectContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
