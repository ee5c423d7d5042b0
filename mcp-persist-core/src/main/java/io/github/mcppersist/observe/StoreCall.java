package io.github.mcppersist.observe;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * A call of a store whose time is taken, from subscription to the answer, and whose
 * answer arrives on another thread than the store's own. If that is refused, since the
 * endpoint is closed, the answer is the refusal, on the store's thread.
 * <p>
 * What the store throws is its answer, whether it throws when it is called, or when what
 * it has returned is subscribed to. Reactor itself signals to nobody what it takes for
 * fatal, such as a class that is missing, and whoever waits would wait for ever.
 *
 * @param <T> the type of the answer
 */
final class StoreCall<T> extends Mono<T> {

	private final EndpointObserver observer;

	private final StoreOperation operation;

	private final Executor delivery;

	private final Supplier<Mono<T>> call;

	private final StoreErrors errors;

	/**
	 * Create a call.
	 * @param observer is told of it
	 * @param operation what it is
	 * @param delivery runs what the answer sets off
	 * @param call calls the store
	 * @param errors says what an error of the store means
	 */
	StoreCall(EndpointObserver observer, StoreOperation operation, Executor delivery, Supplier<Mono<T>> call,
			StoreErrors errors) {
		this.observer = observer;
		this.operation = operation;
		this.delivery = delivery;
		this.call = call;
		this.errors = errors;
	}

	@Override
	public void subscribe(CoreSubscriber<? super T> actual) {
		Answer answer = new Answer(actual);
		answer.guard(() -> this.call.get().subscribe(answer));
	}

	/**
	 * Is the subscription too, so that its source can't be read past it.
	 */
	private final class Answer implements CoreSubscriber<T>, Subscription {

		private final CoreSubscriber<? super T> actual;

		private final long startedNanos = System.nanoTime();

		private @Nullable Subscription subscription;

		private boolean answered;

		private volatile boolean cancelled;

		Answer(CoreSubscriber<? super T> actual) {
			this.actual = actual;
		}

		void guard(Runnable store) {
			try {
				store.run();
			}
			catch (Throwable ex) {
				if (this.answered) {
					// Not the store's, but of who was answered
					throw ex;
				}
				if (this.subscription == null) {
					onSubscribe(Operators.emptySubscription());
				}
				onError(ex);
			}
		}

		@Override
		public Context currentContext() {
			return this.actual.currentContext();
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			this.subscription = subscription;
			this.actual.onSubscribe(this);
		}

		@Override
		public void onNext(T value) {
			answered(value, null);
		}

		@Override
		public void onComplete() {
			answered(null, null);
		}

		@Override
		public void onError(Throwable failure) {
			answered(null, (failure instanceof Error error) ? StoreCall.this.errors.unknown(error) : failure);
		}

		private void answered(@Nullable T value, @Nullable Throwable failure) {
			if (this.answered) {
				return;
			}
			this.answered = true;
			StoreCall.this.observer.storeCalled(StoreCall.this.operation, System.nanoTime() - this.startedNanos,
					failure);
			try {
				StoreCall.this.delivery.execute(() -> deliver(value, failure));
			}
			catch (RejectedExecutionException ex) {
				deliver(null, ex);
			}
		}

		private void deliver(@Nullable T value, @Nullable Throwable failure) {
			if (this.cancelled) {
				return;
			}
			if (failure != null) {
				this.actual.onError(failure);
				return;
			}
			if (value != null) {
				this.actual.onNext(value);
			}
			this.actual.onComplete();
		}

		@Override
		public void request(long n) {
			Subscription subscription = this.subscription;
			if (subscription != null) {
				guard(() -> subscription.request(n));
			}
		}

		@Override
		public void cancel() {
			this.cancelled = true;
			if (this.subscription != null) {
				this.subscription.cancel();
			}
		}

	}

}
