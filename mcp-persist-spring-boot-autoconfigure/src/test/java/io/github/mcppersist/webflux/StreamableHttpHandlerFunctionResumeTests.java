package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Tag;

import io.github.mcppersist.transport.ResumeContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What a client gets that comes back, behind the handler function on Netty.
 */
@Tag("slow")
class StreamableHttpHandlerFunctionResumeTests extends ResumeContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
