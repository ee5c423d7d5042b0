package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.transport.LargeAnswerContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Large answers without a stream, behind the handler function on Netty.
 */
@Tag("slow")
class StreamableHttpHandlerFunctionLargeAnswerTests extends LargeAnswerContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
