package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.transport.ContextCaptureContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

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
