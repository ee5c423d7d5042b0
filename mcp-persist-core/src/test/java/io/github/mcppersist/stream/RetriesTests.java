package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Retries}.
 */
class RetriesTests {

	private final ManualThreads threads = new ManualThreads();

	private final Retries retries = new Retries(this.threads);

	private final List<Integer> tried = new ArrayList<>();

	@Test
	void letsEachTryAgainAfterAPause() {
		wait(1);
		this.threads.pass(StreamContext.RETRY_PAUSE.minusMillis(1));
		wait(2);
		assertThat(this.tried).isEmpty();

		this.threads.pass(Duration.ofMillis(1));
		assertThat(this.tried).containsExactly(1);

		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).containsExactly(1, 2);
		assertThat(this.threads.timers()).isZero();
	}

	@Test
	void letsSomeTryAtATimeThoseFirstThatHaveWaitedLongest() {
		waitAll(2 * Retries.MAX_IN_A_TURN + 1);

		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).containsExactlyElementsOf(numbers(Retries.MAX_IN_A_TURN));

		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).hasSize(2 * Retries.MAX_IN_A_TURN);

		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).containsExactlyElementsOf(numbers(2 * Retries.MAX_IN_A_TURN + 1));
	}

	@Test
	void letsOneMoreTryAtOnceWithEachCallThatIsAnswered() {
		waitAll(Retries.MAX_IN_A_TURN + 2);
		this.threads.pass(StreamContext.RETRY_PAUSE);

		this.retries.answered();
		assertThat(this.tried).hasSize(Retries.MAX_IN_A_TURN + 1);
		this.retries.answered();
		this.retries.answered();

		assertThat(this.tried).containsExactlyElementsOf(numbers(Retries.MAX_IN_A_TURN + 2));
	}

	private void waitAll(int count) {
		numbers(count).forEach(this::wait);
	}

	private void wait(int number) {
		this.retries.later(new Mailbox(), () -> this.tried.add(number), false);
	}

	private static List<Integer> numbers(int count) {
		return IntStream.range(0, count).boxed().toList();
	}

}
