package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.SessionOwnershipContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Whose a session is, behind the servlet on Jetty.
 */
@Tag("slow")
class JettyStreamableHttpServletSessionOwnershipTests extends SessionOwnershipContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
