package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/**
 * Does something again and again, one turn at a time. A turn that hasn't ended when the
 * next one is due keeps it from beginning, but not for ever: what never answers is given
 * up. Whatever becomes of a turn, another one comes. Thread-safe.
 */
final class Repetition {

	private static final Logger logger = LoggerFactory.getLogger(Repetition.class);

	static final Duration MAX_TURN = Duration.ofMinutes(1);

	private final Threads threads;

	private final Duration period;

	private final Supplier<Mono<Void>> task;

	private final AtomicReference<@Nullable Turn> underWay = new AtomicReference<>();

	Repetition(Threads threads, Duration period, Supplier<Mono<Void>> task) {
		this.threads = threads;
		this.period = period;
		this.task = task;
	}

	/**
	 * Take the first turn when one period is over.
	 */
	void begin() {
		this.threads.deliverLater(this.period, this::next);
	}

	private void next() {
		begin();
		long now = this.threads.nanoTime();
		Turn before = this.underWay.get();
		if (before != null && !before.isOver()) {
			if (now - before.startedNanos < MAX_TURN.toNanos()) {
				return;
			}
			logger.warn("What is due again and again has not ended for a minute, and is begun anew");
			before.end();
		}
		Turn turn = new Turn(now);
		if (this.underWay.compareAndSet(before, turn)) {
			turn.take(this.task);
		}
	}

	/**
	 * One of the turns.
	 */
	private static final class Turn {

		private final long startedNanos;

		private final Disposable.Swap rest = Disposables.swap();

		Turn(long startedNanos) {
			this.startedNanos = startedNanos;
		}

		void take(Supplier<Mono<Void>> task) {
			try {
				this.rest.update(task.get().subscribe((nothing) -> {
				}, this::failed, this::end));
			}
			catch (Throwable ex) {
				failed(ex);
			}
		}

		private void failed(Throwable ex) {
			logger.error("What is due again and again failed; please report this", ex);
			end();
		}

		boolean isOver() {
			return this.rest.isDisposed();
		}

		void end() {
			this.rest.dispose();
		}

	}

}
