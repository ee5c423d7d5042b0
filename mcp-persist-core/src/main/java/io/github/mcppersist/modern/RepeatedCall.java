package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.function.Consumer;

import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A call of the task store that is made again while the store is out of reach. However
 * often it is made, the store carries it out once.
 *
 * @param <T> what the store answers
 */
final class RepeatedCall<T> {

	private static final Duration MIN_BACKOFF = Duration.ofMillis(100);

	private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

	private final Threads threads;

	private final Mono<T> call;

	private final long limitNanos;

	private final Consumer<T> done;

	private final Consumer<Throwable> failed;

	private final long sinceNanos;

	/**
	 * Create it; nothing is called yet.
	 * @param threads the endpoint's threads
	 * @param call makes the call when it is subscribed to
	 * @param limit for how long it is made again
	 * @param done is given the answer, on any thread
	 * @param failed is told why there will be none, on any thread
	 */
	RepeatedCall(Threads threads, Mono<T> call, Duration limit, Consumer<T> done, Consumer<Throwable> failed) {
		this.threads = threads;
		this.call = call.single();
		this.limitNanos = StreamContext.nanos(limit);
		this.done = done;
		this.failed = failed;
		this.sinceNanos = threads.nanoTime();
	}

	/**
	 * Make it.
	 */
	void begin() {
		attempt(MIN_BACKOFF);
	}

	private void attempt(Duration backoff) {
		this.call.subscribe(this.done, (ex) -> {
			if (ex instanceof TaskStoreUnavailableException
					&& this.threads.nanoTime() - this.sinceNanos < this.limitNanos) {
				Duration longer = backoff.multipliedBy(2);
				this.threads.deliverLater(backoff,
						() -> attempt((longer.compareTo(MAX_BACKOFF) < 0) ? longer : MAX_BACKOFF));
			}
			else {
				this.failed.accept(ex);
			}
		});
	}

}
