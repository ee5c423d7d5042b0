package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.SessionOwnershipContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Whose a session is, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionSessionOwnershipTests extends SessionOwnershipContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
