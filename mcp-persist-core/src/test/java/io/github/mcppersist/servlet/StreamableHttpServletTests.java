package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.StreamableHttpContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * The contract of the endpoint, behind the servlet on Tomcat.
 */
class StreamableHttpServletTests extends StreamableHttpContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
