package io.github.mcppersist.transport;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

/**
 * Nodes in this JVM that hear each other, unless the test doesn't let them.
 */
final class LocalNodes {

	private final List<Node> nodes = new CopyOnWriteArrayList<>();

	/**
	 * Whether messages get lost.
	 */
	volatile boolean losing;

	/**
	 * Whether messages can't be sent.
	 */
	volatile boolean failing;

	/**
	 * How many messages could not be sent.
	 */
	final AtomicInteger failures = new AtomicInteger();

	NodeRegistry add() {
		Node node = new Node(NodeRegistry.randomNodeId());
		this.nodes.add(node);
		return node;
	}

	/**
	 * Tell all nodes that they may have missed something.
	 */
	void missed() {
		this.nodes.forEach((node) -> node.listeners.forEach(NodeRegistry.Listener::missed));
	}

	private final class Node implements NodeRegistry {

		private final String id;

		private final List<Listener> listeners = new CopyOnWriteArrayList<>();

		Node(String id) {
			this.id = id;
		}

		@Override
		public String nodeId() {
			return this.id;
		}

		@Override
		public void join(Listener listener) {
			this.listeners.add(listener);
		}

		@Override
		public Mono<Void> leave(Listener listener) {
			return Mono.fromRunnable(() -> {
				this.listeners.remove(listener);
				LocalNodes.this.nodes.remove(this);
			});
		}

		@Override
		public boolean isGone(String nodeId) {
			return LocalNodes.this.nodes.stream().noneMatch((node) -> node.id.equals(nodeId));
		}

		@Override
		public Mono<Boolean> isPresent(String nodeId) {
			return Mono.fromCallable(() -> !isGone(nodeId));
		}

		@Override
		public Mono<Boolean> send(String nodeId, String message) {
			return told(message, nodeId).thenReturn(true);
		}

		@Override
		public Mono<Void> broadcast(String message) {
			return told(message, null);
		}

		private Mono<Void> told(String message, @Nullable String nodeId) {
			return Mono.fromRunnable(() -> {
				if (LocalNodes.this.failing) {
					LocalNodes.this.failures.incrementAndGet();
					throw new IllegalStateException("Out of reach");
				}
				if (!LocalNodes.this.losing) {
					LocalNodes.this.nodes.stream()
						.filter((node) -> node != this && (nodeId == null || Objects.equals(nodeId, node.id)))
						.forEach((node) -> node.listeners.forEach((listener) -> listener.received(message)));
				}
			});
		}

	}

}
