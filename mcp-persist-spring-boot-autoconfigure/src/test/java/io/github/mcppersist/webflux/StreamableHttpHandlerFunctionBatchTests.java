package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.BatchContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What becomes of batches, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionBatchTests extends BatchContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
