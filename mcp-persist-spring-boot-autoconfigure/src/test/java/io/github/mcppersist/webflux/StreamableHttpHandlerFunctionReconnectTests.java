package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.ReconnectContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Whose connections are closed, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionReconnectTests extends ReconnectContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
