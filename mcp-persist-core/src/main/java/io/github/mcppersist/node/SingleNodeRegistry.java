package io.github.mcppersist.node;

import reactor.core.publisher.Mono;

/**
 * A node on its own: there are no others, and whatever ID one may have, it has gone.
 */
final class SingleNodeRegistry implements NodeRegistry {

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
		return !this.nodeId.equals(nodeId);
	}

	@Override
	public Mono<Boolean> isPresent(String nodeId) {
		return Mono.just(!isGone(nodeId));
	}

	@Override
	public Mono<Boolean> send(String nodeId, String message) {
		return Mono.just(this.nodeId.equals(nodeId));
	}

	@Override
	public Mono<Void> broadcast(String message) {
		return Mono.empty();
	}

}
