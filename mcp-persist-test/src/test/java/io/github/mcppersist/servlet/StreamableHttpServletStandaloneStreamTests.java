package io.github.mcppersist.servlet;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.StandaloneStreamContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What a server sends of its own accord, behind the servlet on Tomcat.
 */
class StreamableHttpServletStandaloneStreamTests extends StandaloneStreamContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
