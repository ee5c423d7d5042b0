package io.github.mcppersist.stream;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

/**
 * The handler of one request, from its beginning until nothing of it runs any more: a
 * request whose handler ends without a result, or fails, ends with an error. Thread-safe.
 */
public abstract class HandledRequest extends UserCode {

	private static final Logger logger = LoggerFactory.getLogger(HandledRequest.class);

	private static final String FAILED = "Internal error: the request could not be answered";

	private final Handling handling = new Handling();

	private final AtomicBoolean handled = new AtomicBoolean();

	/**
	 * Create it.
	 * @param delivery runs our code in place of a thread that may be interrupted
	 */
	protected HandledRequest(Executor delivery) {
		super(delivery);
	}

	/**
	 * End the request with an error, unless it has ended.
	 * @param error what its client is told
	 */
	protected abstract void fail(String error);

	/**
	 * Nothing of it runs any more, as far as can be seen. Called once.
	 */
	protected abstract void ended();

	/**
	 * Handle the request on this thread, unless it was cancelled before.
	 * @param task handles the request, with what belongs to it bound to the thread
	 */
	public final void begins(Runnable task) {
		begin(task);
		if (isStopping()) {
			handled();
		}
	}

	/**
	 * Handle the request.
	 * @param work handles it when it is subscribed to
	 */
	protected final void handle(Mono<Void> work) {
		work.subscribe(this.handling);
	}

	/**
	 * Note that nothing of it runs any more, or will.
	 */
	protected final void handled() {
		if (this.handled.compareAndSet(false, true)) {
			ended();
		}
	}

	/**
	 * Cancel what is left of the handler.
	 */
	protected final void cancelHandler() {
		this.handling.dispose();
	}

	@Override
	public final void failed(Throwable ex) {
		fail(FAILED);
		// The SDK learns of it in no other way
		dispose();
	}

	/**
	 * Reactor has an error that no operator of the handler's can take.
	 * @param ex the error
	 */
	public final void dropped(Throwable ex) {
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
			fail(FAILED);
		}

		@Override
		protected void hookOnComplete() {
			fail("Internal error: the request was handled without a result");
		}

		@Override
		protected void hookFinally(SignalType type) {
			handled();
		}

	}

}
