package io.github.mcppersist.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

import io.github.mcppersist.payload.PayloadPlace;

/**
 * Tells all observers of an endpoint, and keeps from it what they throw, and how long
 * they take: whoever has something to tell leaves it here, and one thread after the other
 * tells what has come together.
 */
public final class Observers implements EndpointObserver {

	private static final Logger logger = LoggerFactory.getLogger(Observers.class);

	/**
	 * How much waits to be told, at most: some minutes' worth, or the observers are
	 * stuck.
	 */
	private static final int MAX_WAITING = 100_000;

	private final List<EndpointObserver> observers;

	private final Executor soon;

	private final Queue<Runnable> waiting;

	private final AtomicInteger count = new AtomicInteger();

	private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.IDLE);

	private volatile boolean closed;

	private final AtomicBoolean warnedOfSlowness = new AtomicBoolean();

	private final Resume unobserved = new ObservedResume(List.of());

	private final AtomicBoolean warned = new AtomicBoolean();

	/**
	 * Tell several observers.
	 * @param observers all of them, maybe none
	 * @param soon runs a task in a moment, where code may block; never, once the endpoint
	 * is closed
	 */
	public Observers(List<EndpointObserver> observers, Executor soon) {
		this(observers, soon, new ConcurrentLinkedQueue<>());
	}

	/**
	 * Tell several observers, by way of a queue: what is done between the calls of it are
	 * single steps, so that a test can try all orders of them.
	 * @param observers as above
	 * @param soon as above
	 * @param waiting an empty queue, for any threads
	 */
	Observers(List<EndpointObserver> observers, Executor soon, Queue<Runnable> waiting) {
		this.observers = List.copyOf(observers);
		this.soon = soon;
		this.waiting = waiting;
	}

	/**
	 * Tell what there is to tell, on this thread or on one that tells already: the
	 * endpoint is closed, and a thread that was to tell it soon may never come.
	 */
	public void tellRest() {
		this.closed = true;
		this.phase.compareAndSet(Phase.IDLE, Phase.DUE);
		tellWaiting();
	}

	private boolean isDue() {
		return !this.waiting.isEmpty() && this.phase.compareAndSet(Phase.IDLE, Phase.DUE);
	}

	private void tellWaiting() {
		while (this.phase.compareAndSet(Phase.DUE, Phase.TELLING)) {
			for (Runnable next = this.waiting.poll(); next != null; next = this.waiting.poll()) {
				this.count.decrementAndGet();
				next.run();
			}
			this.phase.set(Phase.IDLE);
			if (isDue() && !this.closed) {
				this.soon.execute(this::tellWaiting);
				return;
			}
		}
	}

	public boolean isEmpty() {
		return this.observers.isEmpty();
	}

	@Override
	public void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
		tell(this.observers, (observer) -> observer.storeCalled(operation, nanos, failure));
	}

	@Override
	public void eventsStored(int messages) {
		if (messages > 0) {
			tell(this.observers, (observer) -> observer.eventsStored(messages));
		}
	}

	@Override
	public void eventsDropped(int messages) {
		if (messages > 0) {
			tell(this.observers, (observer) -> observer.eventsDropped(messages));
		}
	}

	@Override
	public Resume resumeStarted() {
		if (this.observers.isEmpty()) {
			return this.unobserved;
		}
		List<Resume> resumes = new ArrayList<>();
		tellNow(this.observers, (observer) -> resumes.add(Objects.requireNonNull(observer.resumeStarted())));
		return new ObservedResume(resumes);
	}

	@Override
	public void gapFound() {
		tell(this.observers, EndpointObserver::gapFound);
	}

	@Override
	public void payloadUnreadable(PayloadPlace.Kind kind) {
		tell(this.observers, (observer) -> observer.payloadUnreadable(kind));
	}

	@Override
	public void sessionRestored() {
		tell(this.observers, EndpointObserver::sessionRestored);
	}

	@Override
	public void sessionNotStored() {
		tell(this.observers, EndpointObserver::sessionNotStored);
	}

	@Override
	public void orphanEnded(Era era) {
		tell(this.observers, (observer) -> observer.orphanEnded(era));
	}

	@Override
	public void requestStarted(Era era) {
		tell(this.observers, (observer) -> observer.requestStarted(era));
	}

	@Override
	public void requestCancelled() {
		tell(this.observers, EndpointObserver::requestCancelled);
	}

	@Override
	public void inputRequired() {
		tell(this.observers, EndpointObserver::inputRequired);
	}

	@Override
	public void inputReceived(long nanos) {
		tell(this.observers, (observer) -> observer.inputReceived(nanos));
	}

	@Override
	public void taskCreated() {
		tell(this.observers, EndpointObserver::taskCreated);
	}

	@Override
	public void taskNotCreated(NoTask reason) {
		tell(this.observers, (observer) -> observer.taskNotCreated(reason));
	}

	@Override
	public void taskEnded(TaskOutcome outcome, long nanos) {
		tell(this.observers, (observer) -> observer.taskEnded(outcome, nanos));
	}

	@Override
	public void parkedCallEnded(ParkedCallOutcome outcome) {
		tell(this.observers, (observer) -> observer.parkedCallEnded(outcome));
	}

	@Override
	public void requestStateRejected(RequestStateRejection rejection) {
		tell(this.observers, (observer) -> observer.requestStateRejected(rejection));
	}

	private <T> void tell(List<T> observers, Consumer<T> what) {
		if (observers.isEmpty()) {
			return;
		}
		if (this.count.getAndUpdate((count) -> (count < MAX_WAITING) ? count + 1 : count) >= MAX_WAITING) {
			if (this.warnedOfSlowness.compareAndSet(false, true)) {
				logger.warn("The observers of the MCP endpoint are slower than what happens, and aren't told all of "
						+ "it: metrics are wrong from now on. Logged once");
			}
			return;
		}
		this.waiting.add(() -> tellNow(observers, what));
		if (isDue()) {
			this.soon.execute(this::tellWaiting);
		}
	}

	private <T> void tellNow(List<T> observers, Consumer<T> what) {
		for (T observer : observers) {
			try {
				what.accept(observer);
			}
			catch (Throwable ex) {
				// Even if a class is missing: the caller has a stream to carry on with
				Level level = this.warned.compareAndSet(false, true) ? Level.WARN : Level.DEBUG;
				logger.atLevel(level)
					.setCause(ex)
					.log("An observer of the MCP endpoint fails: {}", observer.getClass().getName());
			}
		}
	}

	/**
	 * Where what waits is on its way.
	 */
	private enum Phase {

		/**
		 * Nobody is to tell it.
		 */
		IDLE,

		/**
		 * A thread is to tell it soon.
		 */
		DUE,

		/**
		 * A thread tells it.
		 */
		TELLING

	}

	/**
	 * A resume ends in one of many places, and may come past several of them: the first
	 * one counts.
	 */
	private final class ObservedResume implements Resume {

		private final List<Resume> resumes;

		private final AtomicBoolean over = new AtomicBoolean();

		ObservedResume(List<Resume> resumes) {
			this.resumes = resumes;
		}

		@Override
		public void replayed(int messages) {
			if (messages > 0 && !this.over.get()) {
				tell(this.resumes, (resume) -> resume.replayed(messages));
			}
		}

		@Override
		public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
			if (!this.resumes.isEmpty() && this.over.compareAndSet(false, true)) {
				tell(this.resumes, (resume) -> resume.ended(outcome, failure));
			}
		}

	}

}
