package io.github.mcppersist.modern;

import java.util.HashSet;
import java.util.Set;

import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

/**
 * The nodes as one of them sees them.
 */
final class TestNodes implements NodeRegistry {

	final Set<String> gone = new HashSet<>();

	/**
	 * Those that have come back, and that this node takes for gone.
	 */
	final Set<String> returned = new HashSet<>();

	/**
	 * Whether nobody can tell who is present.
	 */
	boolean away;

	private final String nodeId = NodeRegistry.randomNodeId();

	@Override
	public String nodeId() {
		return this.nodeId;
	}

	@Override
	public void join(Listener listener) {
	}

	@Override
	public Mono<Void> leave(Listener listener) {
		return Mono.empty();
	}

	@Override
	public boolean isGone(String nodeId) {
		return this.gone.contains(nodeId);
	}

	@Override
	public Mono<Boolean> isPresent(String nodeId) {
		return this.away ? Mono.error(new IllegalStateException("Away"))
				: Mono.just(!isGone(nodeId) || this.returned.contains(nodeId));
	}

	@Override
	public Mono<Boolean> send(String nodeId, String message) {
		return Mono.just(false);
	}

	@Override
	public Mono<Void> broadcast(String message) {
		return Mono.empty();
	}

}
