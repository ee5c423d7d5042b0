package io.github.mcppersist.benchmarks;

import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;

/**
 * A stream that is appended to as the SPI demands: it has one call under way, and its
 * next append is made when the last is acknowledged.
 */
final class AppendedStream implements BiConsumer<@Nullable Object, @Nullable Throwable> {

	private final EventLog log;

	private final StreamKey stream;

	/**
	 * That of the priming event.
	 */
	private volatile long sequence = 1;

	private BooleanSupplier more = () -> false;

	private Consumer<@Nullable Throwable> ended = (failure) -> {
	};

	AppendedStream(EventLog log, StreamKey stream) {
		this.log = log;
		this.stream = stream;
		log.open(stream);
	}

	StreamKey stream() {
		return this.stream;
	}

	/**
	 * Return how many events were appended. Exact once it has ended.
	 * @return the number
	 */
	long appended() {
		return this.sequence - 1;
	}

	/**
	 * Append until something says that it is enough, one event at least.
	 * @param more says whether to go on
	 * @param ended is told why it ended, if by a failure
	 */
	void start(BooleanSupplier more, Consumer<@Nullable Throwable> ended) {
		this.more = more;
		this.ended = ended;
		append();
	}

	private void append() {
		this.log.append(this.stream, this.sequence + 1, this);
	}

	@Override
	public void accept(@Nullable Object reply, @Nullable Throwable failure) {
		if (failure != null) {
			this.ended.accept(failure);
			return;
		}
		this.sequence = this.sequence + 1;
		if (this.more.getAsBoolean()) {
			append();
		}
		else {
			this.ended.accept(null);
		}
	}

}
