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
	void isNoLongerShortAfterTwoSecondsInWhichNoCallWaits() {
		pass(1999);
		assertThat(this.limit.rest(false)).isFalse();
		assertThat(this.limit.isShort()).isTrue();
		pass(1);
		assertThat(this.limit.rest(true)).isFalse();
		assertThat(this.limit.rest(false)).isTrue();

		assertThat(this.limit.isShort()).isFalse();
		assertThat(this.limit.limit()).isEqualTo(8);
		assertThat(this.limit.grow(true)).isFalse();
	}

	@Test
	void isNoLongerShortOnceAsManyCallsAreMadeAsEver() {
		for (int limit = 4; limit <= 8; limit++) {
			assertThat(this.limit.isShort()).isTrue();
			pass(320);
			assertThat(this.limit.grow(true)).isTrue();
			assertThat(this.limit.limit()).isEqualTo(limit);
		}

		assertThat(this.limit.isShort()).isFalse();
		assertThat(this.limit.grow(true)).isFalse();
	}

	@Test
	void aLimitOfOneIsShortUntilItIsTimeToTryAgain() {
		ConnectionLimit one = new ConnectionLimit(1, this.clock::get);
		one.begin();
		one.end();

		one.lack();

		assertThat(one.isShort()).isTrue();
		pass(320);
		assertThat(one.grow(true)).isTrue();
		assertThat(one.isShort()).isFalse();
		assertThat(one.limit()).isOne();
	}

	@Test
	void isNoLongerShortWhenTheServerIsAway() {
		this.limit.reset();

		assertThat(this.limit.isShort()).isFalse();
		assertThat(this.limit.limit()).isEqualTo(8);
	}

}
