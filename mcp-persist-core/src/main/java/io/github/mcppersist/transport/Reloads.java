package io.github.mcppersist.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.stream.Threads;

/**
 * Reads again what may have changed, one read at a time: the answers of two that overlap
 * may come in the other order, and the older one would be kept. Whoever asks while a read
 * is under way gets the next one, which begins when that has ended and is for all who
 * wait by then. Thread-safe.
 */
final class Reloads {

	private final Threads threads;

	/**
	 * Who waits for the next read. Guarded by this object, as is what follows.
	 */
	private List<Waiting> waiting = new ArrayList<>();

	private boolean reading;

	/**
	 * Create it.
	 * @param threads carry on those who wait, each by itself
	 */
	Reloads(Threads threads) {
		this.threads = threads;
	}

	/**
	 * Read again.
	 * @param read the read; one is made of several that are alike
	 * @return ends as a read does that began after the subscription
	 */
	Mono<Void> next(Mono<Void> read) {
		return Mono.create((sink) -> {
			synchronized (this) {
				this.waiting.add(new Waiting(read, sink));
				if (this.reading) {
					return;
				}
				this.reading = true;
			}
			begin();
		});
	}

	private void begin() {
		List<Waiting> served;
		synchronized (this) {
			if (this.waiting.isEmpty()) {
				this.reading = false;
				return;
			}
			served = this.waiting;
			this.waiting = new ArrayList<>();
		}
		served.get(0).read.subscribe((nothing) -> {
		}, (ex) -> ended(served, (sink) -> sink.error(ex)), () -> ended(served, MonoSink::success));
	}

	private void ended(List<Waiting> served, Consumer<MonoSink<Void>> end) {
		served.forEach((asked) -> this.threads.deliverOrRun(() -> end.accept(asked.sink)));
		begin();
	}

	/**
	 * Somebody who has asked.
	 *
	 * @param read what they would read
	 * @param sink is told the end
	 */
	private record Waiting(Mono<Void> read, MonoSink<Void> sink) {
	}

}
