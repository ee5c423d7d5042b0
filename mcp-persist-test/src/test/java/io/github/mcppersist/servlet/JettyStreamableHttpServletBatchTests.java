package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.servlet.JettyServer;
import io.github.mcppersist.test.transport.BatchContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What becomes of batches, behind the servlet on Jetty.
 */
@Tag("slow")
class JettyStreamableHttpServletBatchTests extends BatchContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
