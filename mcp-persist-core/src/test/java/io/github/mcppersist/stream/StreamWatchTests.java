package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests when a watch counts as one: its node is marked by its own doing, not by that of
 * another watch on the node, which the store hints at as well.
 */
class StreamWatchTests {

	private final TestStreams streams = new TestStreams(600, 8 * 1024 * 1024);

	private final Sinks.Many<Hint> store = Sinks.many().unicast().onBackpressureBuffer();

	private final Mailbox mailbox = new Mailbox();

	private final List<Hint> hints = new ArrayList<>();

	private final StreamWatch watch = this.streams.watch(new StreamKey("s", "1"), this.mailbox, this.hints::add);

	private boolean settled;

	@BeforeEach
	void start() {
		this.streams.store().hints(this.store.asFlux());
		this.mailbox.execute(() -> {
			this.watch.start();
			this.watch.whenSettled(() -> this.settled = true);
		});
	}

	@Test
	void isNotOneForWhatAnotherWatchIsToldOf() {
		this.store.tryEmitNext(Hint.stored(3));
		this.store.tryEmitNext(Hint.look());

		assertThat(this.hints).containsExactly(Hint.stored(3), Hint.look());
		assertThat(this.watch.isWatched()).isFalse();
		assertThat(this.settled).isFalse();
	}

	@Test
	void isOneAsSoonAsTheStoreHasMarkedItsNode() {
		this.store.tryEmitNext(Hint.watched());

		assertThat(this.watch.isWatched()).isTrue();
		assertThat(this.settled).isTrue();
		assertThat(this.hints).containsExactly(Hint.look());
	}

	@Test
	void isOneThoughAnEarlierHintIsOvertakenOnItsWay() {
		this.streams.threads().hold();
		this.store.tryEmitNext(Hint.notWatched());
		this.store.tryEmitNext(Hint.watched());

		this.streams.threads().letGoBackwards();

		assertThat(this.watch.isWatched()).isTrue();
	}

	@Test
	void isWaitedForForTwoSecondsIfTheStoreSaysNothing() {
		this.streams.threads().pass(StreamWatch.PATIENCE.minusMillis(1));
		assertThat(this.settled).isFalse();

		this.streams.threads().pass(Duration.ofMillis(1));

		assertThat(this.settled).isTrue();
		assertThat(this.watch.isWatched()).isFalse();
		this.store.tryEmitNext(Hint.watched());
		assertThat(this.watch.isWatched()).isTrue();
	}

	@Test
	void isNotWaitedForIfTheStoreThrows() {
		this.streams.store().hints(Flux.defer(() -> {
			throw new NoClassDefFoundError("told to be missing");
		}));
		StreamWatch other = this.streams.watch(new StreamKey("s", "2"), this.mailbox, this.hints::add);
		List<String> done = new ArrayList<>();

		this.mailbox.execute(() -> {
			other.start();
			other.whenSettled(() -> done.add("settled"));
		});

		assertThat(done).containsExactly("settled");
	}

	@Test
	void holdsNothingOnceItIsSettled() {
		int timers = this.streams.threads().timers();

		this.store.tryEmitNext(Hint.watched());

		assertThat(this.streams.threads().timers()).isEqualTo(timers - 1);
	}

	@Test
	void holdsNothingOnceItIsStopped() {
		this.streams.threads().pass(Duration.ofMinutes(5));

		this.mailbox.execute(this.watch::stop);

		assertThat(this.streams.threads().timers()).isZero();
	}

	@Test
	void isOneLaterIfTheStoreCouldNotMarkItsNode() {
		this.store.tryEmitNext(Hint.notWatched());
		assertThat(this.watch.isWatched()).isFalse();
		assertThat(this.settled).isTrue();
		this.store.tryEmitNext(Hint.look());
		assertThat(this.watch.isWatched()).isFalse();

		this.store.tryEmitNext(Hint.watched());

		assertThat(this.watch.isWatched()).isTrue();
		assertThat(this.hints).containsExactly(Hint.look(), Hint.look());
	}

}
