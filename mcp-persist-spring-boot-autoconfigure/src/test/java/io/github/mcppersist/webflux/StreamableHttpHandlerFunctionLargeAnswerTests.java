package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.LargeAnswerContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * Large answers without a stream, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionLargeAnswerTests extends LargeAnswerContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
