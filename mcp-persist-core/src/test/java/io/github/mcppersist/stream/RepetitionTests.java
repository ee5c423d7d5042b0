package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Repetition}.
 */
class RepetitionTests {

	private static final Duration PERIOD = Duration.ofSeconds(1);

	private final ManualThreads threads = new ManualThreads();

	private final List<Sinks.Empty<Void>> turns = new ArrayList<>();

	private int cancelled;

	@Test
	void takesATurnEachPeriod() {
		this.threads.repeat(PERIOD, () -> turn(Mono.empty()));

		this.threads.pass(PERIOD.multipliedBy(3));

		assertThat(this.turns).hasSize(3);
	}

	@Test
	void leavesTurnsOutWhileOneHasNotEnded() {
		this.threads.repeat(PERIOD, this::unended);
		this.threads.pass(PERIOD.multipliedBy(10));
		assertThat(this.turns).hasSize(1);

		this.turns.get(0).tryEmitEmpty();
		this.threads.pass(PERIOD.multipliedBy(10));

		assertThat(this.turns).hasSize(2);
	}

	@Test
	void givesUpATurnThatNeverEnds() {
		this.threads.repeat(PERIOD, this::unended);

		this.threads.pass(Repetition.MAX_TURN.plus(PERIOD));

		assertThat(this.turns).hasSize(2);
		assertThat(this.cancelled).isEqualTo(1);
	}

	@Test
	void goesOnWhateverATurnThrows() {
		this.threads.repeat(PERIOD, () -> {
			turn(Mono.empty());
			throw new NoClassDefFoundError("told to be missing");
		});
		this.threads.repeat(PERIOD, () -> turn(Mono.error(new IllegalStateException("told to fail"))));

		this.threads.pass(PERIOD.multipliedBy(2));

		assertThat(this.turns).hasSize(4);
	}

	private Mono<Void> unended() {
		Sinks.Empty<Void> end = Sinks.empty();
		this.turns.add(end);
		return end.asMono().doOnCancel(() -> this.cancelled++);
	}

	private Mono<Void> turn(Mono<Void> result) {
		this.turns.add(Sinks.empty());
		return result;
	}

}
