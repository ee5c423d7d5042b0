package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.mcppersist.stream.Retries.Outcome;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Retries}.
 */
class RetriesTests {

	private final ManualThreads threads = new ManualThreads();

	private final Retries retries = new Retries(this.threads);

	private final List<Integer> tried = new ArrayList<>();

	private final Queue<Long> underWay = new ArrayDeque<>();

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
	void letsAsManyTryAtOnceAsTheStoreAnswersQuickly() {
		waitAll(100);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).containsExactlyElementsOf(numbers(Retries.START));

		answer(Retries.START);
		assertThat(this.tried).hasSize(3 * Retries.START);

		answer(2 * Retries.START);
		assertThat(this.tried).containsExactlyElementsOf(numbers(7 * Retries.START));
	}

	@Test
	void letsFewerTryOnceTheStoreIsSlow() {
		waitAll(100);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		answer(1);
		int before = this.underWay.size();

		this.threads.pass(Duration.ofMillis(400));
		answer(before);

		assertThat(this.underWay).hasSize((Retries.START + 1) / 2);
	}

	@Test
	void halvesHowManyTryOnceWhenTheyFailLate() {
		waitAll(100);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		answer(2 * Retries.START);
		int before = this.underWay.size();

		this.threads.pass(Duration.ofMillis(100));
		failAll();

		assertThat(before).isEqualTo(3 * Retries.START);
		assertThat(this.underWay).hasSize(before / 2);
	}

	@Test
	void triesNoMoreOftenInAPauseTheMoreFailAtOnce() {
		waitAll(2000);
		this.threads.pass(StreamContext.RETRY_PAUSE);

		fail(Retries.MAX);
		assertThat(this.tried).containsExactlyElementsOf(numbers(Retries.MAX));

		for (int round = 2; round < 10; round++) {
			this.threads.pass(StreamContext.RETRY_PAUSE.plusMillis(1));
			fail(Retries.MAX);
			assertThat(this.tried).hasSize(round * Retries.MAX);
		}
	}

	@Test
	void triesOneServerWhileAnotherIsAway() {
		List<Integer> healthy = new ArrayList<>();
		numbers(2000).forEach((number) -> this.retries.later(new Mailbox(), (since) -> {
			if (number % 3 == 0) {
				waitOnceFailed(since);
			}
			else {
				healthy.add(number);
				this.retries.ended(since, Outcome.ANSWERED);
			}
		}, false));

		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(healthy).hasSizeGreaterThanOrEqualTo(Retries.MAX);

		this.threads.pass(StreamContext.RETRY_PAUSE.multipliedBy(3));
		assertThat(healthy).hasSize(1333);
	}

	private void waitOnceFailed(long since) {
		this.retries.ended(since, Outcome.AWAY);
		this.retries.later(new Mailbox(), this::waitOnceFailed, false);
	}

	@Test
	void beginsWithFewAgainAfterAPauseInWhichAllHaveFailed() {
		waitAll(2000);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		answer(5 * Retries.START);
		assertThat(this.underWay).hasSizeGreaterThan(Retries.START);
		this.threads.pass(StreamContext.RETRY_PAUSE);

		while (!this.underWay.isEmpty()) {
			fail(1);
		}
		this.threads.pass(StreamContext.RETRY_PAUSE);
		while (!this.underWay.isEmpty()) {
			fail(1);
		}
		this.threads.pass(StreamContext.RETRY_PAUSE);

		assertThat(this.underWay).hasSize(Retries.START);
	}

	@Test
	void waitsForNoReportForLong() {
		waitAll(2 * Retries.START);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		assertThat(this.tried).hasSize(Retries.START);

		this.threads.pass(Duration.ofNanos(Retries.LOST).plus(StreamContext.RETRY_PAUSE));

		assertThat(this.tried).hasSize(2 * Retries.START);
	}

	@Test
	void letsTheNextTryEarlyOnceTheStoreAnswers() {
		waitAll(1);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		wait(1);
		assertThat(this.tried).containsExactly(0);

		answer(1);

		assertThat(this.tried).containsExactly(0, 1);
	}

	@Test
	void letsOnlyOneMoreTryEarlyForEachAnswer() {
		waitAll(1);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		waitAll(Retries.START);

		answer(1);

		assertThat(this.underWay).hasSize(1);
	}

	/**
	 * A driver with so many connections to a store that is far away is kept busy, and
	 * isn't overrun.
	 * @param connections how many calls are on their way at once
	 * @param millis how long each takes
	 */
	@ParameterizedTest
	@CsvSource({ "1, 50", "1, 100", "2, 140", "4, 20", "8, 1", "8, 100", "8, 140", "8, 200", "8, 300", "32, 100",
			"64, 20", "64, 140", "100, 100" })
	void keepsAStoreBusyWithoutOverrunningIt(int connections, int millis) {
		List<Long> took = new ArrayList<>();
		long[] freeAt = new long[connections];
		Duration warm = Duration.ofSeconds(2).plus(StreamContext.RETRY_PAUSE);
		Duration watched = Duration.ofSeconds(2);
		int capacity = (int) (watched.toMillis() * connections / millis);
		numbers(4 * capacity).forEach((number) -> this.retries.later(new Mailbox(), (since) -> {
			Arrays.sort(freeAt);
			freeAt[0] = Math.max(freeAt[0], this.threads.nanoTime()) + millis * 1_000_000L;
			this.threads.deliverLater(Duration.ofNanos(freeAt[0] - this.threads.nanoTime()), () -> {
				took.add(this.threads.nanoTime() - since);
				this.retries.ended(since, Outcome.ANSWERED);
			});
		}, false));

		this.threads.pass(warm);
		took.clear();
		this.threads.pass(watched);

		assertThat(took).allMatch((nanos) -> nanos <= 500_000_000L)
			.hasSizeGreaterThanOrEqualTo((int) (capacity * ((millis < 150) ? 0.9 : 0.4)));
	}

	private void waitAll(int count) {
		numbers(count).forEach(this::wait);
	}

	private void wait(int number) {
		this.retries.later(new Mailbox(), (since) -> {
			this.tried.add(number);
			this.underWay.add(since);
		}, false);
	}

	private void answer(int count) {
		numbers(count).forEach((number) -> this.retries.ended(this.underWay.remove(), Outcome.ANSWERED));
	}

	private void fail(int count) {
		numbers(count).forEach((number) -> fail());
	}

	private void failAll() {
		List<Long> all = List.copyOf(this.underWay);
		this.underWay.clear();
		all.forEach((since) -> this.retries.ended(since, Outcome.AWAY));
	}

	private void fail() {
		long since = this.underWay.remove();
		this.retries.ended(since, Outcome.AWAY);
		wait(-1);
	}

	private static List<Integer> numbers(int count) {
		return IntStream.range(0, count).boxed().toList();
	}

}
