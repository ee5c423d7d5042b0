package io.github.mcppersist.redis;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.mcppersist.node.NodeRegistry;

/**
 * A node that has joined the others, and what it was told.
 */
final class JoinedNode implements NodeRegistry.Listener {

	final RedisEventStore store;

	final RedisNodeRegistry registry;

	final Queue<String> received = new ConcurrentLinkedQueue<>();

	final AtomicInteger missed = new AtomicInteger();

	JoinedNode(RedisEventStore store, RedisNodeRegistry registry) {
		this.store = store;
		this.registry = registry;
		registry.join(this);
	}

	String id() {
		return this.registry.nodeId();
	}

	boolean isGone(JoinedNode other) {
		return this.registry.isGone(other.id());
	}

	@Override
	public void received(String message) {
		this.received.add(message);
	}

	@Override
	public void missed() {
		this.missed.incrementAndGet();
	}

}
