package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.StoreFailureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What is noticed when the store fails, behind the servlet on Jetty.
 */
class JettyStreamableHttpServletStoreFailureTests extends StoreFailureContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
