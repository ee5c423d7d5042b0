package io.github.mcppersist.servlet;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.BatchContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What becomes of batches, behind the servlet on Tomcat.
 */
class StreamableHttpServletBatchTests extends BatchContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

}
