package io.github.mcppersist.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;

/**
 * One way to keep events in Redis. All of them keep the same events: a stream begins with
 * a priming event, and every other event has a message of 300 bytes.
 */
interface EventLog extends AutoCloseable {

	/**
	 * The message of every event but the first.
	 */
	byte[] MESSAGE = ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":\""
			+ "x".repeat(229) + "\"}}")
		.getBytes(StandardCharsets.US_ASCII);

	/**
	 * Open a stream with a priming event, and wait until it is stored.
	 * @param stream the stream
	 */
	void open(StreamKey stream);

	/**
	 * Append one event.
	 * @param stream the stream
	 * @param sequence the place of the event in its stream; the priming event's is 1
	 * @param acknowledged is called once Redis has answered, with a failure if there is
	 * one
	 */
	void append(StreamKey stream, long sequence, BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged);

	/**
	 * Read all events after the priming event, in order, each with an ID of its own.
	 * @param stream the stream that was opened last
	 * @return the number of events
	 */
	int replay(StreamKey stream);

	@Override
	void close();

	/**
	 * Return what an append is to call for somebody to wait.
	 * @param done is completed by the acknowledgement
	 * @return the callback
	 */
	static BiConsumer<@Nullable Object, @Nullable Throwable> completing(CompletableFuture<Void> done) {
		return (reply, failure) -> {
			if (failure != null) {
				done.completeExceptionally(failure);
			}
			else {
				done.complete(null);
			}
		};
	}

}
