package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.RequestContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * How requests are refused, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionRequestTests extends RequestContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
