package io.github.mcppersist.redis;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConnectionLimit}, by a clock of its own.
 */
class ConnectionLimitTests {

	private final AtomicLong clock = new AtomicLong(1);

	private final ConnectionLimit limit = new ConnectionLimit(8, this.clock::get);

	@BeforeEach
	void threeAreUnderWayAndOneMoreIsRefused() {
		for (int i = 0; i < 4; i++) {
			this.limit.begin();
		}
		this.limit.end();
		this.limit.lack();
	}

	private void pass(long millis) {
		this.clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
	}

	@Test
	void makesAsManyCallsAsThereAreConnections() {
		assertThat(this.limit.limit()).isEqualTo(3);
		assertThat(this.limit.isShort()).isTrue();
	}

	@Test
	void keepsOneWhateverFails() {
		for (int i = 0; i < 3; i++) {
			this.limit.end();
			this.limit.lack();
		}

		assertThat(this.limit.limit()).isOne();
	}

	@Test
	void triesOneMoreAfterAPauseThatGrowsAndOnlyIfCallsWait() {
		assertThat(this.limit.grow(true)).isFalse();
		pass(320);
		assertThat(this.limit.grow(false)).isFalse();
		assertThat(this.limit.grow(true)).isTrue();
		this.limit.lack();
		pass(320);
		assertThat(this.limit.grow(true)).isFalse();
		pass(320);
		assertThat(this.limit.grow(true)).isTrue();
	}

	@Test
	void isNoLongerShortAfterARest() {
		pass(10_000);
		for (int i = 0; i < 5; i++) {
			assertThat(this.limit.isShort()).isTrue();
			assertThat(this.limit.grow(false)).isTrue();
			pass(100);
		}

		assertThat(this.limit.isShort()).isFalse();
		assertThat(this.limit.grow(true)).isFalse();
	}

}
