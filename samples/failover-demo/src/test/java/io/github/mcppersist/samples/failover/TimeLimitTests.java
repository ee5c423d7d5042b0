package io.github.mcppersist.samples.failover;

import java.io.EOFException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class TimeLimitTests {

	@Test
	void returnsWhatTheTaskReturns() throws Exception {
		assertThat(TimeLimit.<String>within(Duration.ofMinutes(1), "a task", () -> "done")).isEqualTo("done");
	}

	@Test
	void throwsWhatTheTaskThrows() {
		assertThatExceptionOfType(EOFException.class)
			.isThrownBy(() -> TimeLimit.within(Duration.ofMinutes(1), "a task", () -> {
				throw new EOFException();
			}));
	}

	@Test
	void givesUpATaskThatHangs() throws Exception {
		CountDownLatch interrupted = new CountDownLatch(1);

		assertThatExceptionOfType(TimeoutException.class)
			.isThrownBy(() -> TimeLimit.within(Duration.ofSeconds(1), "a task", () -> {
				try {
					return new CountDownLatch(1).await(1, TimeUnit.MINUTES);
				}
				catch (InterruptedException ex) {
					interrupted.countDown();
					throw ex;
				}
			}))
			.withMessage("a task took longer than 1 s");
		assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
	}

}
