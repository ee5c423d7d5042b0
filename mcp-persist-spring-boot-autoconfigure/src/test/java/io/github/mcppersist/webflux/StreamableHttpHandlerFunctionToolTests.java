package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.ToolContractTests;
import io.github.mcppersist.transport.WebServer;

/**
 * What clients get from tools, behind the handler function on Netty.
 */
@Tag("slow")
class StreamableHttpHandlerFunctionToolTests extends ToolContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
