package io.github.mcppersist.transport;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class StreamableHttpEndpointTests {

	@Test
	void doesNotShareNodesWithoutASessionStoreThatTheyShare() {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(new InMemoryEventStore())
			.nodeRegistry(NodeRegistry.single());

		assertThatIllegalStateException().isThrownBy(builder::build).withMessageContaining("sessionStore(..)");
	}

	@Test
	void needsNoSessionStoreOnASingleNode() {
		assertThatNoException().isThrownBy(() -> {
			StreamableHttpEndpoint.builder(new InMemoryEventStore()).build().closeGracefully().block();
			StreamableHttpEndpoint.builder(new InMemoryEventStore())
				.sessionStore(new InMemorySessionStore())
				.nodeRegistry(NodeRegistry.single())
				.build()
				.closeGracefully()
				.block();
		});
	}

}
