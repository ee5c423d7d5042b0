package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.SessionContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * How long a session lives, behind the servlet on Jetty.
 */
@Tag("slow")
class JettyStreamableHttpServletSessionTests extends SessionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new JettyServer(endpoint);
	}

}
