package io.github.mcppersist.webflux;

import io.github.mcppersist.transport.ResumeContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * What a client gets that comes back, behind the handler function on Netty.
 */
class StreamableHttpHandlerFunctionResumeTests extends ResumeContractTests {

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) {
		return new NettyServer(endpoint);
	}

}
