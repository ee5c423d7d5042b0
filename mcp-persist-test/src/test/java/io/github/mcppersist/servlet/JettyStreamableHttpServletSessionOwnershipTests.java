package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.servlet.JettyServer;
import io.github.mcppersist.test.transport.SessionOwnershipContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

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
