package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * The threads of one endpoint, and its time. Whatever the endpoint does it does on one of
 * these, or on the thread that brings it a request, so that a test can put other ones in
 * their place and decide what comes next.
 * <ul>
 * <li><em>handlers</em> run the user's code: one task a request, which may block.</li>
 * <li><em>answers</em> hand clients' answers to the handlers that wait for them, and let
 * senders go on; a pool of its own for that. What an asynchronous handler goes on with
 * may block.</li>
 * <li><em>callbacks</em> run what else is the user's code, such as what a client's
 * notification sets off. May block, also until a client answers.</li>
 * <li><em>delivery</em> carries on after each call of a store, so that nothing runs on
 * the store's threads. Never blocks.</li>
 * </ul>
 */
public interface Threads extends AutoCloseable {

	/**
	 * Return the time, for differences.
	 * @return nanoseconds since some moment, as {@link System#nanoTime()}
	 */
	long nanoTime();

	/**
	 * Return what runs tasks on the delivery threads. After {@link #close()} it refuses
	 * them.
	 * @return the delivery threads
	 */
	Executor delivery();

	/**
	 * Carry on off the calling thread; not at all, if this is closed.
	 * @param owner the owner of the state that the task changes
	 * @param task what to do
	 */
	default void deliver(Mailbox owner, Runnable task) {
		try {
			delivery().execute(() -> owner.execute(task));
		}
		catch (RejectedExecutionException ex) {
			// Closed: there is nothing to carry on with
		}
	}

	/**
	 * Carry on off the calling thread; on it, if this is closed, since somebody waits.
	 * @param task what to do
	 */
	default void deliverOrRun(Runnable task) {
		try {
			delivery().execute(task);
		}
		catch (RejectedExecutionException ex) {
			task.run();
		}
	}

	/**
	 * Carry on behind what a mailbox does now, which needn't wait for it: on the calling
	 * thread, if that is a handler's, which has nothing else to do and may be held up,
	 * and as {@link #deliverOrRun} does if not.
	 * @param task what to do
	 */
	default void carryOnBehind(Runnable task) {
		if (!UserCode.behind(task)) {
			deliverOrRun(task);
		}
	}

	/**
	 * Do something later on a delivery thread; never, if this is closed.
	 * @param delay how much later
	 * @param task what to do
	 * @return calls it off, so that nothing holds the task any more
	 */
	Disposable deliverLater(Duration delay, Runnable task);

	/**
	 * Wait.
	 * @param delay how long
	 * @return completes on a delivery thread; never, if this is closed
	 */
	default Mono<Void> after(Duration delay) {
		return Mono.create((sink) -> sink.onDispose(deliverLater(delay, sink::success)));
	}

	/**
	 * Do something again and again on a delivery thread, the first time after one period.
	 * A turn that comes while the one before hasn't ended is left out, so that a store
	 * that is slow isn't asked more and more.
	 * @param period the time from one start to the next
	 * @param turn begins a turn, which ends with what it returns, or after a minute
	 */
	default void repeat(Duration period, Supplier<Mono<Void>> turn) {
		new Repetition(this, period, turn).begin();
	}

	/**
	 * Run the user's code for a request. Whatever executor the user has given, it isn't
	 * called on this thread unless it is known to return at once.
	 * @param task what to run
	 * @param accepted called on any thread, maybe this one, when the task runs, is
	 * certain to, or has to wait; maybe more than once, and before {@code refused}
	 * @param refused called with the reason, on any thread, maybe this one, if the task
	 * won't be run
	 */
	void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused);

	/**
	 * Say whether so many requests run and wait that {@link #handle} refuses more.
	 * @return whether to refuse them at once
	 */
	boolean isFull();

	/**
	 * Hand over a client's answer to a handler, or run what runs none of the user's code.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void answer(Runnable task);

	/**
	 * Run user code that isn't a request's handler.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void callBack(Runnable task);

	/**
	 * Let a sender go on that waited, where its code may block. However many run and wait
	 * already, and also if this is closed, it is run.
	 * @param task what lets it go on
	 */
	void release(Runnable task);

	@Override
	void close();

	/**
	 * Carry on with what is the user's to go on with, where code may block.
	 * @param result the result
	 * @param <T> its type
	 * @return the same, on a thread for callbacks
	 */
	default <T> Mono<T> onCallbacks(Mono<T> result) {
		// Reactor's own way to change threads may interrupt one that is carrying on
		// already, and an interrupted thread can't write to a connection
		return Mono.create((sink) -> result.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.contextWrite(sink.contextView())
			.subscribe((value) -> carryOn(sink, () -> sink.success(value.orElse(null))),
					(ex) -> carryOn(sink, () -> sink.error(ex))));
	}

	private void carryOn(MonoSink<?> sink, Runnable task) {
		try {
			callBack(task);
		}
		catch (RejectedExecutionException ex) {
			sink.error(ex);
		}
	}

}
