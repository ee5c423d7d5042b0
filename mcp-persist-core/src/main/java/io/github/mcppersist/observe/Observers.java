package io.github.mcppersist.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

import io.github.mcppersist.payload.PayloadPlace;

/**
 * Tells all observers of an endpoint, and keeps from it what they throw.
 */
public final class Observers implements EndpointObserver {

	private static final Logger logger = LoggerFactory.getLogger(Observers.class);

	private final List<EndpointObserver> observers;

	private final Resume unobserved = new ObservedResume(List.of());

	private final AtomicBoolean warned = new AtomicBoolean();

	/**
	 * Tell several observers.
	 * @param observers all of them, maybe none
	 */
	public Observers(List<EndpointObserver> observers) {
		this.observers = List.copyOf(observers);
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
		tell(this.observers, (observer) -> resumes.add(Objects.requireNonNull(observer.resumeStarted())));
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
	public void orphanEnded() {
		tell(this.observers, EndpointObserver::orphanEnded);
	}

	@Override
	public void requestCancelled() {
		tell(this.observers, EndpointObserver::requestCancelled);
	}

	private <T> void tell(List<T> observers, Consumer<T> what) {
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
