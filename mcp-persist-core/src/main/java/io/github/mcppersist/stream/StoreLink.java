package io.github.mcppersist.stream;

import java.util.function.BiConsumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.stream.Retries.Outcome;

/**
 * A writer's way to the store: one call at a time, and whether the store answers. What is
 * to be done if it doesn't is the writer's to say. It belongs to the {@link StreamLog}'s
 * mailbox; only {@link #isAway()} is for any thread.
 */
final class StoreLink {

	private final Mailbox mailbox;

	private final Retries retries;

	private volatile State state = State.IDLE;

	/**
	 * When its turn began, if it goes on since it was its turn; else 0.
	 */
	private long turnSince;

	/**
	 * Whether the last call has failed.
	 */
	private boolean failed;

	/**
	 * What settles a refusal.
	 */
	private @Nullable Runnable settling;

	StoreLink(Mailbox mailbox, Retries retries) {
		this.mailbox = mailbox;
		this.retries = retries;
	}

	/**
	 * Say whether the store was asked nothing, or has answered.
	 * @return whether it can be called
	 */
	boolean isIdle() {
		return this.state == State.IDLE;
	}

	/**
	 * Say whether what is next can't be stored for now.
	 * @return whether the store was away when it was called last, as far as is known, or
	 * has refused what isn't settled yet
	 */
	boolean isAway() {
		State state = this.state;
		return state == State.AWAY || state == State.RETRYING || state == State.REFUSED;
	}

	/**
	 * Say whether the store is called once more after it was away.
	 * @return whether such a call is under way
	 */
	boolean isRetrying() {
		return this.state == State.RETRYING;
	}

	/**
	 * Call the store, which isn't being called.
	 * @param call the call
	 * @param then is told in the mailbox what it has answered: at most one of both. It
	 * has to say then whether the store is {@linkplain #answered() there} or
	 * {@linkplain #away(Runnable) away}
	 * @param <T> what it answers
	 */
	<T> void call(Supplier<? extends Mono<? extends T>> call, BiConsumer<@Nullable T, @Nullable Throwable> then) {
		assert this.mailbox.isInside();
		assert isIdle() || this.state == State.AWAY : this.state;
		this.state = isIdle() ? State.CALLING : State.RETRYING;
		Answer<T> answer = new Answer<>(then);
		try {
			call.get().subscribe(answer);
		}
		catch (Throwable ex) {
			// Before anything was done
			answer.onError(ex);
		}
	}

	/**
	 * The store isn't away, or needn't be called any more.
	 */
	void answered() {
		assert this.mailbox.isInside();
		this.state = State.IDLE;
		this.settling = null;
	}

	/**
	 * The store will never take what is next, and that can't be settled yet: it isn't
	 * called until it is.
	 * @param settling settles it, or says this once more
	 */
	void refused(Runnable settling) {
		assert this.mailbox.isInside();
		assert isIdle() || isRefused() : this.state;
		this.state = State.REFUSED;
		this.settling = settling;
	}

	/**
	 * Say whether a refusal is to be settled.
	 * @return whether the store has refused what is next
	 */
	boolean isRefused() {
		return this.state == State.REFUSED;
	}

	/**
	 * Settle a refusal, if there is one and it can be settled now.
	 */
	void settle() {
		assert this.mailbox.isInside();
		Runnable settling = this.settling;
		if (isRefused() && settling != null) {
			// What was refused is held no longer than it waits
			this.settling = null;
			settling.run();
		}
	}

	/**
	 * Let another writer go on in place of this one, if it was its turn to call the store
	 * once more and that has answered: for a write, since where a read works a write
	 * needn't. Without it another one goes on as soon as this one calls the store no
	 * more.
	 */
	void handOn() {
		handOn(this.failed ? Outcome.AWAY : Outcome.ANSWERED);
	}

	private void handOnIfIdle(Outcome outcome) {
		if (isIdle()) {
			handOn(outcome);
		}
	}

	private void handOn(Outcome outcome) {
		assert this.mailbox.isInside();
		if (this.turnSince != 0) {
			this.retries.ended(this.turnSince, outcome);
			this.turnSince = 0;
		}
	}

	/**
	 * The store doesn't answer.
	 * @param again called in the mailbox after a while, to call it again
	 */
	void away(Runnable again) {
		assert this.mailbox.isInside();
		boolean first = !isRetrying();
		this.state = State.AWAY;
		handOn(Outcome.AWAY);
		this.retries.later(this.mailbox, (since) -> {
			this.turnSince = since;
			this.failed = false;
			again.run();
			handOnIfIdle(Outcome.NOT_CALLED);
		}, first);
	}

	private enum State {

		/**
		 * It answered the last call.
		 */
		IDLE,

		/**
		 * It is asked, and answered the call before.
		 */
		CALLING,

		/**
		 * It didn't take the last call, and is asked again later.
		 */
		AWAY,

		/**
		 * It didn't take the last call, and is asked again.
		 */
		RETRYING,

		/**
		 * It will never take what the last call was to store, and isn't asked meanwhile.
		 */
		REFUSED

	}

	/**
	 * Takes what the store says to one call.
	 */
	private final class Answer<T> implements CoreSubscriber<T> {

		private final BiConsumer<@Nullable T, @Nullable Throwable> then;

		private @Nullable T value;

		Answer(BiConsumer<@Nullable T, @Nullable Throwable> then) {
			this.then = then;
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		public void onNext(T value) {
			this.value = value;
		}

		@Override
		public void onError(Throwable ex) {
			tell(ex instanceof EventStoreUnavailableException, null, ex);
		}

		@Override
		public void onComplete() {
			tell(false, this.value, null);
		}

		private void tell(boolean failed, @Nullable T value, @Nullable Throwable failure) {
			StoreLink.this.mailbox.execute(() -> {
				StoreLink.this.failed = failed;
				this.then.accept(value, failure);
				handOnIfIdle(failed ? Outcome.AWAY : Outcome.ANSWERED);
			});
		}

	}

}
