package io.github.mcppersist.stream;

import java.util.Optional;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

/**
 * A node registry as an endpoint calls it: its answers arrive on a delivery thread.
 * Whatever the registry throws is an answer, too. What it tells a listener comes on a
 * thread of its own all the same.
 */
public final class DeliveredNodeRegistry implements NodeRegistry {

	private final NodeRegistry registry;

	private final Threads threads;

	/**
	 * Wrap a registry.
	 * @param registry the registry
	 * @param threads run what its answers set off
	 */
	public DeliveredNodeRegistry(NodeRegistry registry, Threads threads) {
		this.registry = registry;
		this.threads = threads;
	}

	// Reactor itself signals to nobody what it takes for fatal, such as a class that is
	// missing, and whoever waits would wait for ever
	private <T> Mono<T> delivered(Supplier<Mono<T>> call) {
		return Mono.create((sink) -> {
			try {
				sink.onDispose(call.get()
					.map(Optional::of)
					.defaultIfEmpty(Optional.empty())
					.subscribe((value) -> this.threads.deliverOrRun(() -> sink.success(value.orElse(null))),
							(ex) -> this.threads.deliverOrRun(() -> sink.error(ex))));
			}
			catch (Throwable ex) {
				this.threads.deliverOrRun(() -> sink.error(ex));
			}
		});
	}

	@Override
	public String nodeId() {
		return this.registry.nodeId();
	}

	@Override
	public void join(Listener listener) {
		this.registry.join(listener);
	}

	@Override
	public Mono<Void> leave(Listener listener) {
		return delivered(() -> this.registry.leave(listener));
	}

	@Override
	public boolean isGone(String nodeId) {
		return this.registry.isGone(nodeId);
	}

	@Override
	public Mono<Boolean> isPresent(String nodeId) {
		return delivered(() -> this.registry.isPresent(nodeId));
	}

	@Override
	public Mono<Boolean> send(String nodeId, String message) {
		return delivered(() -> this.registry.send(nodeId, message));
	}

	@Override
	public Mono<Void> broadcast(String message) {
		return delivered(() -> this.registry.broadcast(message));
	}

}
