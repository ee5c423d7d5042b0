package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.stream.LongStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class RetryPauseTests {

	private final RetryPause pause = new RetryPause();

	@Test
	void waitsLongerAfterEachFailureUpToALimit() {
		assertThat(Duration.ofNanos(this.pause.afterFailure())).isBetween(Duration.ofMillis(187),
				Duration.ofMillis(313));
		assertThat(Duration.ofNanos(this.pause.afterFailure())).isBetween(Duration.ofMillis(375),
				Duration.ofMillis(625));
		for (int i = 0; i < 10; i++) {
			assertThat(Duration.ofNanos(this.pause.afterFailure())).isBetween(Duration.ofMillis(750),
					Duration.ofMillis(1250));
		}
	}

	@Test
	void beginsAgainAfterASuccess() {
		for (int i = 0; i < 10; i++) {
			this.pause.afterFailure();
		}

		this.pause.reset();

		assertThat(Duration.ofNanos(this.pause.afterFailure())).isLessThan(Duration.ofMillis(314));
	}

	@Test
	void isNotAlikeOnAllNodes() {
		assertThat(LongStream.range(0, 20).map((node) -> new RetryPause().afterFailure()).distinct().count())
			.isGreaterThan(1);
	}

}
