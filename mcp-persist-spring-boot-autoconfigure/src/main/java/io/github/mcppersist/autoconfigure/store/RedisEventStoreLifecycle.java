package io.github.mcppersist.autoconfigure.store;

import org.springframework.context.SmartLifecycle;

import io.github.mcppersist.redis.RedisEventStore;

/**
 * Closes the event store when the application stops, after the endpoint and before the
 * connection factory: a store that is still there when its connections go would take that
 * for an outage.
 */
final class RedisEventStoreLifecycle implements SmartLifecycle {

	/**
	 * One more than that of a connection factory.
	 */
	static final int PHASE = 1;

	private final RedisEventStore eventStore;

	private volatile boolean running;

	RedisEventStoreLifecycle(RedisEventStore eventStore) {
		this.eventStore = eventStore;
	}

	@Override
	public void start() {
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false;
		this.eventStore.close();
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * A closed store can't be opened again.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
