package io.github.mcppersist.modern;

import java.util.concurrent.atomic.AtomicBoolean;

import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.stream.UserCode;

/**
 * The handler of a request, from its beginning till its end, whoever is connected
 * meanwhile. Thread-safe.
 */
final class Call extends UserCode {

	private static final Logger logger = LoggerFactory.getLogger(Call.class);

	private final Threads threads;

	private final Listener listener;

	private final Handling handling = new Handling();

	private final AtomicBoolean handled = new AtomicBoolean();

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
	 * Handle the request on this thread, unless it was cancelled before.
	 * @param task {@linkplain #handle(McpStreamableServerSessionStream, Mono) handles}
	 * the request, with what belongs to it bound to the thread
	 */
	void begins(Runnable task) {
		begin(task);
		if (isStopping()) {
			handled();
		}
	}

	/**
	 * Handle the request.
	 * @param stream what the SDK sees of it
	 * @param work handles the request when it is subscribed to
	 */
	void handle(McpStreamableServerSessionStream stream, Mono<Void> work) {
		this.sdkStream = stream;
		work.subscribe(this.handling);
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
	protected void failed(Throwable ex) {
		fail(ErrorResponse.internal("Internal error: the request could not be answered"));
		// The SDK learns of it in no other way
		dispose();
	}

	@Override
	protected void dispose() {
		this.threads.release(() -> {
			this.handling.dispose();
			McpStreamableServerSessionStream stream = this.sdkStream;
			if (stream != null) {
				stream.close();
			}
			handled();
		});
	}

	/**
	 * Reactor has an error that no operator of the handler's can take.
	 * @param ex the error
	 */
	void dropped(Throwable ex) {
		if (isStopping()) {
			logger.debug("The handler of a request that was cancelled has failed since", ex);
		}
		else if (ex instanceof VirtualMachineError || ex instanceof LinkageError) {
			// Not signalled but thrown, through operators that were done by then
			logger.error("A request's handler has thrown what can't be signalled", ex);
			failed(ex);
		}
		else {
			Operators.onErrorDropped(ex, Context.empty());
		}
	}

	private void handled() {
		if (this.handled.compareAndSet(false, true)) {
			this.listener.handled();
		}
	}

	/**
	 * Waits for the end of the handler.
	 */
	private final class Handling extends BaseSubscriber<Void> {

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		protected void hookOnError(Throwable ex) {
			logger.warn("A request could not be answered; its client gets an error", ex);
			fail(ErrorResponse.internal("Internal error: the request could not be answered"));
		}

		@Override
		protected void hookOnComplete() {
			fail(ErrorResponse.internal("Internal error: the request was handled without a result"));
		}

		@Override
		protected void hookFinally(SignalType type) {
			handled();
		}

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
