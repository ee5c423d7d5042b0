package io.github.mcppersist.event;

import java.time.Duration;

import io.github.mcppersist.test.event.EventStoreContractTests;
import io.github.mcppersist.test.event.MutableClock;

/**
 * The contract's tests of events in memory, as they are or with something in between.
 */
public abstract class AbstractInMemoryEventStoreTests extends EventStoreContractTests {

	protected final MutableClock clock = new MutableClock();

	protected final InMemoryEventStore store = builder().build();

	@Override
	protected EventStore store() {
		return this.store;
	}

	@Override
	protected EventStore secondNode() {
		return this.store;
	}

	@Override
	protected EventStore store(Bounds bounds) {
		return builder().maxEventsPerStream(bounds.maxEventsPerStream())
			.maxBytesPerStream(bounds.maxBytesPerStream())
			.maxBytesPerSession(bounds.maxBytesPerSession())
			.timeToLive(bounds.timeToLive())
			.completedTimeToLive(bounds.completedTimeToLive())
			.build();
	}

	@Override
	protected Duration unit() {
		return Duration.ofMinutes(1);
	}

	@Override
	protected void elapse(Duration duration) {
		this.clock.advance(duration);
	}

	protected final InMemoryEventStore.Builder builder() {
		return InMemoryEventStore.builder().clock(this.clock);
	}

}
