package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.ContextCaptureContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What handlers see, behind the handler function on Netty.
 */
@Tag("slow")
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
