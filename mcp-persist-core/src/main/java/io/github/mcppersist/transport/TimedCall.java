package io.github.mcppersist.transport;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.util.context.Context;

/**
 * A call of a store whose time is taken, from subscription to the answer. It changes
 * nothing of the signals and their threads.
 *
 * @param <T> the type of the answer
 */
final class TimedCall<T> extends MonoOperator<T, T> {

	private final EndpointObserver observer;

	private final StoreOperation operation;

	TimedCall(EndpointObserver observer, StoreOperation operation, Mono<T> call) {
		super(call);
		this.observer = observer;
		this.operation = operation;
	}

	@Override
	public void subscribe(CoreSubscriber<? super T> actual) {
		this.source.subscribe(new Timing(actual));
	}

	/**
	 * Is the subscription too, so that its source can't be read past it.
	 */
	private final class Timing implements CoreSubscriber<T>, Subscription {

		private final CoreSubscriber<? super T> actual;

		private final long startedNanos = System.nanoTime();

		private @Nullable Subscription subscription;

		private boolean ended;

		Timing(CoreSubscriber<? super T> actual) {
			this.actual = actual;
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
			ended(null);
			this.actual.onNext(value);
		}

		@Override
		public void onComplete() {
			ended(null);
			this.actual.onComplete();
		}

		@Override
		public void onError(Throwable failure) {
			ended(failure);
			this.actual.onError(failure);
		}

		private void ended(@Nullable Throwable failure) {
			if (!this.ended) {
				this.ended = true;
				TimedCall.this.observer.storeCalled(TimedCall.this.operation, System.nanoTime() - this.startedNanos,
						failure);
			}
		}

		@Override
		public void request(long n) {
			if (this.subscription != null) {
				this.subscription.request(n);
			}
		}

		@Override
		public void cancel() {
			if (this.subscription != null) {
				this.subscription.cancel();
			}
		}

	}

}
