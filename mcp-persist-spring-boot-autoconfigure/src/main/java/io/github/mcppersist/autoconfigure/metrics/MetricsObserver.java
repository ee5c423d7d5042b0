package io.github.mcppersist.autoconfigure.metrics;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.autoconfigure.observation.TagValue;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.NoTask;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.observe.TaskOutcome;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.session.SessionStoreException;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * Counts what happens. All counters are there from the start, so that a rate can be taken
 * of the first event; a timer is there from the first call that it times.
 */
final class MetricsObserver implements EndpointObserver {

	private static final int OPERATIONS = StoreOperation.values().length;

	private final MeterRegistry registry;

	private final Counter eventsStored;

	private final Counter eventsReplayed;

	private final Counter eventsDropped;

	private final Counter gaps;

	private final Map<PayloadPlace.Kind, Counter> payloadsUnreadable = new EnumMap<>(PayloadPlace.Kind.class);

	private final Counter sessionsRestored;

	private final Counter sessionsNotStored;

	private final Counter requestsCancelled;

	private final Map<Era, Counter> requestsOrphaned = new EnumMap<>(Era.class);

	private final Map<Era, Counter> requests = new EnumMap<>(Era.class);

	private final Counter tasksCreated;

	private final Map<NoTask, Counter> tasksNotCreated = new EnumMap<>(NoTask.class);

	private final Map<TaskOutcome, Timer> tasksEnded = new EnumMap<>(TaskOutcome.class);

	private final Map<ParkedCallOutcome, Counter> parkedCallsEnded = new EnumMap<>(ParkedCallOutcome.class);

	private final Counter rounds;

	private final Timer inputWait;

	private final Map<RequestStateRejection, Counter> requestStatesRejected = new EnumMap<>(
			RequestStateRejection.class);

	private final Map<ResumeOutcome, Counter> resumes = new EnumMap<>(ResumeOutcome.class);

	/**
	 * By outcome and operation.
	 */
	private final AtomicReferenceArray<Timer> storeCalls = new AtomicReferenceArray<>(
			CallOutcome.values().length * OPERATIONS);

	MetricsObserver(MeterRegistry registry) {
		this.registry = registry;
		this.eventsStored = EndpointMeter.EVENTS_STORED.counter(registry);
		this.eventsReplayed = EndpointMeter.EVENTS_REPLAYED.counter(registry);
		this.eventsDropped = EndpointMeter.EVENTS_DROPPED.counter(registry);
		this.gaps = EndpointMeter.GAPS.counter(registry);
		for (PayloadPlace.Kind kind : PayloadPlace.Kind.values()) {
			this.payloadsUnreadable.put(kind, EndpointMeter.PAYLOADS_UNREADABLE.counter(registry, TagValue.of(kind)));
		}
		this.sessionsRestored = EndpointMeter.SESSIONS_RESTORED.counter(registry);
		this.sessionsNotStored = EndpointMeter.SESSIONS_NOT_STORED.counter(registry);
		this.requestsCancelled = EndpointMeter.REQUESTS_CANCELLED.counter(registry);
		for (ResumeOutcome outcome : ResumeOutcome.values()) {
			this.resumes.put(outcome, EndpointMeter.RESUMES.counter(registry, TagValue.of(outcome)));
		}
		for (Era era : Era.values()) {
			this.requests.put(era, EndpointMeter.REQUESTS.counter(registry, TagValue.of(era)));
			this.requestsOrphaned.put(era, EndpointMeter.REQUESTS_ORPHANED.counter(registry, TagValue.of(era)));
		}
		for (ParkedCallOutcome outcome : ParkedCallOutcome.values()) {
			this.parkedCallsEnded.put(outcome,
					EndpointMeter.CALLS_PARKED_ENDED.counter(registry, TagValue.of(outcome)));
		}
		this.tasksCreated = EndpointMeter.TASKS_CREATED.counter(registry);
		for (NoTask reason : NoTask.values()) {
			this.tasksNotCreated.put(reason, EndpointMeter.TASKS_NOT_CREATED.counter(registry, TagValue.of(reason)));
		}
		for (TaskOutcome outcome : TaskOutcome.values()) {
			this.tasksEnded.put(outcome, EndpointMeter.TASKS_ENDED.timer(registry, TagValue.of(outcome)));
		}
		this.rounds = EndpointMeter.ROUNDS.counter(registry);
		this.inputWait = EndpointMeter.INPUT_WAIT.timer(registry);
		for (RequestStateRejection rejection : RequestStateRejection.values()) {
			this.requestStatesRejected.put(rejection,
					EndpointMeter.REQUEST_STATES_REJECTED.counter(registry, TagValue.of(rejection)));
		}
	}

	@Override
	public void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
		CallOutcome outcome = CallOutcome.of(failure);
		int index = outcome.ordinal() * OPERATIONS + operation.ordinal();
		Timer timer = this.storeCalls.get(index);
		if (timer == null) {
			timer = EndpointMeter.STORE_CALLS.timer(this.registry, operation.store(), operation.method(),
					TagValue.of(outcome));
			this.storeCalls.set(index, timer);
		}
		timer.record(nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	public void eventsStored(int messages) {
		this.eventsStored.increment(messages);
	}

	@Override
	public void eventsDropped(int messages) {
		this.eventsDropped.increment(messages);
	}

	@Override
	public Resume resumeStarted() {
		return new CountedResume();
	}

	@Override
	public void gapFound() {
		this.gaps.increment();
	}

	@Override
	public void payloadUnreadable(PayloadPlace.Kind kind) {
		increment(this.payloadsUnreadable, kind);
	}

	private static <T> void increment(Map<T, Counter> counters, T key) {
		Counter counter = counters.get(key);
		if (counter != null) {
			counter.increment();
		}
	}

	@Override
	public void sessionRestored() {
		this.sessionsRestored.increment();
	}

	@Override
	public void sessionNotStored() {
		this.sessionsNotStored.increment();
	}

	@Override
	public void orphanEnded(Era era) {
		increment(this.requestsOrphaned, era);
	}

	@Override
	public void requestCancelled() {
		this.requestsCancelled.increment();
	}

	@Override
	public void requestStarted(Era era) {
		increment(this.requests, era);
	}

	@Override
	public void inputRequired() {
		this.rounds.increment();
	}

	@Override
	public void inputReceived(long nanos) {
		this.inputWait.record(nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	public void parkedCallEnded(ParkedCallOutcome outcome) {
		increment(this.parkedCallsEnded, outcome);
	}

	@Override
	public void taskCreated() {
		this.tasksCreated.increment();
	}

	@Override
	public void taskNotCreated(NoTask reason) {
		increment(this.tasksNotCreated, reason);
	}

	@Override
	public void taskEnded(TaskOutcome outcome, long nanos) {
		Timer timer = this.tasksEnded.get(outcome);
		if (timer != null) {
			timer.record(nanos, TimeUnit.NANOSECONDS);
		}
	}

	@Override
	public void requestStateRejected(RequestStateRejection rejection) {
		increment(this.requestStatesRejected, rejection);
	}

	/**
	 * What the failure of a call of a store means.
	 */
	enum CallOutcome {

		/**
		 * It did what it was asked to.
		 */
		SUCCESS,

		/**
		 * The store said no: what was asked for isn't there, or has changed.
		 */
		REFUSED,

		/**
		 * The store is out of reach, and may have carried the call out or not.
		 */
		UNAVAILABLE,

		/**
		 * Something that should not be.
		 */
		ERROR;

		static CallOutcome of(@Nullable Throwable failure) {
			if (failure == null) {
				return SUCCESS;
			}
			if (failure instanceof EventStoreUnavailableException || failure instanceof SessionStoreUnavailableException
					|| failure instanceof TaskStoreUnavailableException) {
				return UNAVAILABLE;
			}
			return (failure instanceof EventStoreException || failure instanceof SessionStoreException
					|| failure instanceof TaskStoreException) ? REFUSED : ERROR;
		}

	}

	private final class CountedResume implements Resume {

		@Override
		public void replayed(int messages) {
			MetricsObserver.this.eventsReplayed.increment(messages);
		}

		@Override
		public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
			Counter counter = MetricsObserver.this.resumes.get(outcome);
			if (counter != null) {
				counter.increment();
			}
		}

	}

}
