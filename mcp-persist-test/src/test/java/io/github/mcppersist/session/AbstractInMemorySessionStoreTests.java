package io.github.mcppersist.session;

import java.time.Duration;

import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.session.MonitoredSessionStoreContractTests;

/**
 * The contract's tests of sessions in memory, as they are or with something in between.
 */
public abstract class AbstractInMemorySessionStoreTests extends MonitoredSessionStoreContractTests {

	protected final MutableClock clock = new MutableClock();

	protected final InMemorySessionStore store = builder().build();

	@Override
	protected MonitoredSessionStore store() {
		return this.store;
	}

	@Override
	protected MonitoredSessionStore secondNode() {
		return this.store;
	}

	@Override
	protected MonitoredSessionStore store(int maxSessions) {
		return builder().maxSessions(maxSessions).build();
	}

	@Override
	protected MonitoredSessionStore store(Duration timeToLive) {
		return builder().timeToLive(timeToLive).build();
	}

	@Override
	protected Duration unit() {
		return Duration.ofMinutes(1);
	}

	@Override
	protected void elapse(Duration duration) {
		this.clock.advance(duration);
	}

	protected final InMemorySessionStore.Builder builder() {
		return InMemorySessionStore.builder().clock(this.clock);
	}

}
