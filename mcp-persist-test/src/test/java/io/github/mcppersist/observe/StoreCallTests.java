package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.test.observe.RecordingObserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class StoreCallTests {

	private final RecordingObserver observer = new RecordingObserver();

	private final StoreErrors errors = new StoreErrors(EventStore.class, EventStoreUnavailableException::new);

	@Test
	void tellsOfAnAnswerOnceAndBeforeItIsHandedOn() {
		List<Integer> toldBefore = timed(Mono.just("answer")).map((answer) -> this.observer.calls.size())
			.flux()
			.collectList()
			.block();

		assertThat(toldBefore).containsExactly(1);
		assertThat(this.observer.calls).singleElement().satisfies((call) -> {
			assertThat(call.operation()).isEqualTo(StoreOperation.FIND_SESSION);
			assertThat(call.failure()).isNull();
		});
	}

	@Test
	void tellsOfAnEmptyAnswer() {
		assertThat(timed(Mono.empty()).blockOptional()).isEmpty();

		assertThat(this.observer.calls).singleElement().satisfies((call) -> assertThat(call.failure()).isNull());
	}

	@Test
	void tellsOfAFailureAndHandsItOn() {
		IllegalStateException failure = new IllegalStateException("told to fail");

		assertThatIllegalStateException().isThrownBy(() -> timed(Mono.error(failure)).block()).isSameAs(failure);

		assertThat(this.observer.calls).singleElement()
			.satisfies((call) -> assertThat(call.failure()).isSameAs(failure));
	}

	@Test
	void measuresFromEachSubscription() {
		Mono<Long> call = timed(Mono.delay(Duration.ofMillis(50)));
		assertThat(this.observer.calls).isEmpty();

		call.block();
		call.block();

		assertThat(this.observer.calls).hasSize(2)
			.allSatisfy((told) -> assertThat(told.nanos()).isBetween(45_000_000L, Duration.ofMinutes(1).toNanos()));
	}

	@Test
	void handsOnACancellationAndDoesNotTellOfIt() {
		AtomicBoolean cancelled = new AtomicBoolean();

		timed(Sinks.one().asMono().doOnCancel(() -> cancelled.set(true))).subscribe().dispose();

		assertThat(cancelled).isTrue();
		assertThat(this.observer.calls).isEmpty();
	}

	@Test
	void handsOnTheContext() {
		Mono<String> call = timed(Mono.deferContextual((context) -> Mono.just(context.<String>get("key"))));

		assertThat(call.contextWrite((context) -> context.put("key", "value")).block()).isEqualTo("value");
	}

	// A source that offers to be polled must not be read past the measurement
	@Test
	void tellsOfASourceThatCouldBeFused() {
		assertThat(Flux.merge(timed(Mono.fromCallable(() -> 1)), timed(Mono.just(2))).collectList().block())
			.containsExactlyInAnyOrder(1, 2);

		assertThat(this.observer.calls).hasSize(2);
	}

	@Test
	void answersOnTheThreadThatItIsGiven() {
		List<Runnable> delivered = new ArrayList<>();
		List<String> answers = new ArrayList<>();

		new StoreCall<>(this.observer, StoreOperation.FIND_SESSION, delivered::add, () -> Mono.just("answer"),
				this.errors)
			.subscribe(answers::add);
		assertThat(answers).isEmpty();
		delivered.forEach(Runnable::run);

		assertThat(answers).containsExactly("answer");
	}

	@Test
	void answersWithTheRefusalOnceNothingIsDelivered() {
		RejectedExecutionException refusal = new RejectedExecutionException("closed");
		Mono<String> call = new StoreCall<>(this.observer, StoreOperation.FIND_SESSION, (task) -> {
			throw refusal;
		}, () -> Mono.just("answer"), this.errors);

		assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(call::block).isSameAs(refusal);
	}

	private <T> Mono<T> timed(Mono<T> call) {
		return new StoreCall<>(this.observer, StoreOperation.FIND_SESSION, Runnable::run, () -> call, this.errors);
	}

}
