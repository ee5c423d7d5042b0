package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.transport.SessionContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * How long a session lives, behind the handler function on Netty.
 */
@Tag("slow")
class StreamableHttpHandlerFunctionSessionTests extends SessionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
