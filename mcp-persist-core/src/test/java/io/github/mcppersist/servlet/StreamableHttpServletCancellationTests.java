package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.CancellationContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What becomes of cancelled requests, behind the servlet on Tomcat.
 */
class StreamableHttpServletCancellationTests extends CancellationContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
