package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.ContextCaptureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What handlers see, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionContextCaptureTests extends ContextCaptureContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

	@Override
	protected String requestThread() {
		return "reactor-http";
	}

}
