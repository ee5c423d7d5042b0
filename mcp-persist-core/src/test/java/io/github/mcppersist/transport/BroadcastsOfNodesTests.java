package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.node.NodeRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What another node broadcasts is told to those who listen here, each of them once.
 */
class BroadcastsOfNodesTests {

	private static final NodeMessage MESSAGE = new NodeMessage(NodeMessage.Kind.NOTIFIED, """
			{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"news"}}""", "tag");

	private final List<NodeRegistry.Listener> listeners = new ArrayList<>();

	/**
	 * Whether what is called back waits for a thread in vain.
	 */
	private boolean hanging;

	private final ManualEndpoint endpoint = new ManualEndpoint("2025-11-25",
			(method) -> (this.hanging && method.getName().equals("onCallbacks")) ? Mono.never() : null,
			(method) -> null, (builder) -> builder.nodeRegistry(new Registry()));

	@Test
	void areToldThoughTheyTookTooLongAtFirst() {
		ManualEndpoint.Response listening = this.endpoint.listen();
		this.hanging = true;
		tell();
		this.endpoint.threads().pass(Duration.ofSeconds(9));
		this.hanging = false;

		this.endpoint.threads().pass(Duration.ofSeconds(3));

		assertThat(listening.body()).containsOnlyOnce("news");
	}

	@Test
	void areToldOnceHoweverOftenTheyCome() {
		ManualEndpoint.Response listening = this.endpoint.listen();
		tell();
		this.endpoint.threads().pass(Duration.ofSeconds(1));

		tell();
		this.endpoint.threads().pass(Duration.ofSeconds(1));

		assertThat(listening.body()).containsOnlyOnce("news");
	}

	private void tell() {
		this.listeners.forEach((listener) -> listener.received(MESSAGE.toText("test")));
	}

	/**
	 * A registry by which a node is told what the test likes.
	 */
	private final class Registry implements NodeRegistry {

		private final NodeRegistry single = NodeRegistry.single();

		@Override
		public String nodeId() {
			return this.single.nodeId();
		}

		@Override
		public void join(Listener listener) {
			BroadcastsOfNodesTests.this.listeners.add(listener);
		}

		@Override
		public Mono<Void> leave(Listener listener) {
			return Mono.empty();
		}

		@Override
		public boolean isGone(String nodeId) {
			return false;
		}

		@Override
		public Mono<Boolean> isPresent(String nodeId) {
			return Mono.just(true);
		}

		@Override
		public Mono<Boolean> send(String nodeId, String message) {
			return Mono.just(true);
		}

		@Override
		public Mono<Void> broadcast(String message) {
			return Mono.empty();
		}

	}

}
