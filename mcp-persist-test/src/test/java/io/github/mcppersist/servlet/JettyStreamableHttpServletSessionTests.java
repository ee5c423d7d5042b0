package io.github.mcppersist.servlet;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.servlet.JettyServer;
import io.github.mcppersist.test.transport.SessionContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

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
