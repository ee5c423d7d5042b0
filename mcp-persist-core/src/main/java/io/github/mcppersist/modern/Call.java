package io.github.mcppersist.modern;

import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.HandledRequest;
import io.github.mcppersist.stream.Threads;

/**
 * The handler of a request, from its beginning till its end, whoever is connected
 * meanwhile. Thread-safe.
 */
final class Call extends HandledRequest {

	private final Threads threads;

	private final Listener listener;

	/**
	 * What the SDK sees of it while it is handled.
	 */
	private volatile @Nullable McpStreamableServerSessionStream sdkStream;

	/**
	 * Create a call.
	 * @param threads the endpoint's threads
	 * @param listener is told what comes of it
	 */
	Call(Threads threads, Listener listener) {
		super(threads.delivery());
		this.threads = threads;
		this.listener = listener;
	}

	/**
	 * Handle the request.
	 * @param stream what the SDK sees of it
	 * @param work handles the request when it is subscribed to
	 */
	void handle(McpStreamableServerSessionStream stream, Mono<Void> work) {
		this.sdkStream = stream;
		handle(work);
	}

	/**
	 * End with a result or an error, unless it was cancelled or has ended.
	 * @param outcome the result or the error
	 */
	void end(Outcome outcome) {
		if (end()) {
			this.listener.ended(outcome);
		}
	}

	void fail(ErrorResponse error) {
		end(Outcome.of(error));
	}

	@Override
	protected void fail(String error) {
		fail(ErrorResponse.internal(error));
	}

	/**
	 * The request won't be handled.
	 * @param error what its client gets
	 */
	void refuse(ErrorResponse error) {
		fail(error);
		handled();
	}

	/**
	 * Stop the handler, whose result is dropped.
	 * @return whether it was this that has stopped it, before it had ended
	 */
	boolean cancel() {
		return stop();
	}

	boolean isCancelled() {
		return isStopping();
	}

	/**
	 * Say whether the handler waits, as far as can be seen.
	 * @return whether it does nothing by itself now
	 */
	boolean isQuiet() {
		return isWaiting();
	}

	/**
	 * Carry the handler on, on this thread.
	 * @param task carries it on
	 */
	void carryOn(Runnable task) {
		run(task);
	}

	@Override
	protected void dispose() {
		this.threads.release(() -> {
			cancelHandler();
			McpStreamableServerSessionStream stream = this.sdkStream;
			if (stream != null) {
				stream.close();
			}
			handled();
		});
	}

	@Override
	protected void ended() {
		this.listener.handled();
	}

	/**
	 * Is told what comes of a handler, on any thread.
	 */
	interface Listener {

		/**
		 * It has ended by itself.
		 * @param outcome what its client gets
		 */
		void ended(Outcome outcome);

		/**
		 * Nothing of it runs any more, as far as can be seen.
		 */
		void handled();

	}

}
