package io.github.mcppersist.redis;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LookPace}, by a clock of its own.
 */
class LookPaceTests {

	private final AtomicLong clock = new AtomicLong(1);

	private final LookPace pace = new LookPace(this.clock::get);

	private int looks(int seconds, boolean answered, boolean changed) {
		int looks = 0;
		// Three servers ask ten times a second each
		for (int i = 0; i < seconds * 30; i++) {
			if (this.pace.begins()) {
				looks++;
				this.pace.ended(answered, changed);
			}
			this.clock.addAndGet(TimeUnit.SECONDS.toNanos(1) / 30);
		}
		return looks;
	}

	@Test
	void looksEachSecondAtFirstAndThenLessOften() {
		assertThat(looks(5, false, false)).isBetween(4, 5);
		assertThat(looks(60, false, false)).isBetween(15, 31);
	}

	@Test
	void looksOftenEnoughForAPromotionWhileSomeServerAnswers() {
		looks(5, true, false);

		assertThat(looks(60, true, false)).isBetween(24, 31);
	}

	@Test
	void looksEachSecondAgainAfterSomethingNewAndAfterARest() {
		looks(60, true, false);
		assertThat(looks(10, true, true)).isBetween(7, 10);

		looks(60, false, false);
		this.clock.addAndGet(TimeUnit.SECONDS.toNanos(30));
		assertThat(looks(5, false, false)).isBetween(4, 5);
	}

	@Test
	void oneLookAtATime() {
		assertThat(this.pace.begins()).isTrue();
		this.clock.addAndGet(TimeUnit.MINUTES.toNanos(1));

		assertThat(this.pace.begins()).isFalse();
	}

}
