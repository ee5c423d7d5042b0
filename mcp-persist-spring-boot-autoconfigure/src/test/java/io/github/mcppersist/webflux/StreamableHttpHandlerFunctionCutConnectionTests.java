package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.transport.CutConnectionContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Connections that are reset, behind the handler function on Netty.
 */
@Tag("slow")
class StreamableHttpHandlerFunctionCutConnectionTests extends CutConnectionContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
