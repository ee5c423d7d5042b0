package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.StoreFailureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What is noticed when the store fails, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionStoreFailureTests extends StoreFailureContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
