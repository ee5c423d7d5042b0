package io.github.mcppersist.test.observe;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.observe.TaskOutcome;

/**
 * Remembers what it was told.
 */
public final class RecordingObserver implements EndpointObserver {

	/**
	 * The calls of both stores, in the order in which they were answered.
	 */
	public final List<Call> calls = new CopyOnWriteArrayList<>();

	/**
	 * The resumes, in the order in which they were started.
	 */
	public final List<RecordedResume> resumes = new CopyOnWriteArrayList<>();

	/**
	 * How many messages were stored.
	 */
	public final AtomicInteger stored = new AtomicInteger();

	/**
	 * How many messages were dropped.
	 */
	public final AtomicInteger dropped = new AtomicInteger();

	/**
	 * How many gaps were found.
	 */
	public final AtomicInteger gaps = new AtomicInteger();

	/**
	 * How many sessions were restored.
	 */
	public final AtomicInteger restored = new AtomicInteger();

	/**
	 * How often a session in use could not be stored.
	 */
	public final AtomicInteger notStored = new AtomicInteger();

	/**
	 * How many orphans were ended.
	 */
	public final AtomicInteger orphans = new AtomicInteger();

	/**
	 * How many requests were cancelled.
	 */
	public final AtomicInteger cancelled = new AtomicInteger();

	/**
	 * The eras of the requests that were started.
	 */
	public final List<Era> started = new CopyOnWriteArrayList<>();

	/**
	 * How many rounds ended with a question.
	 */
	public final AtomicInteger rounds = new AtomicInteger();

	/**
	 * How long clients took to come back with input, in nanoseconds.
	 */
	public final List<Long> inputs = new CopyOnWriteArrayList<>();

	/**
	 * How the calls ended that had asked their clients for input.
	 */
	public final List<ParkedCallOutcome> parkedCalls = new CopyOnWriteArrayList<>();

	/**
	 * How many calls became tasks.
	 */
	public final AtomicInteger tasksCreated = new AtomicInteger();

	/**
	 * How tasks ended.
	 */
	public final List<TaskOutcome> tasks = new CopyOnWriteArrayList<>();

	/**
	 * Why states were rejected.
	 */
	public final List<RequestStateRejection> rejectedStates = new CopyOnWriteArrayList<>();

	public List<StoreOperation> operations() {
		return this.calls.stream().map(Call::operation).toList();
	}

	/**
	 * Return how often something was done.
	 * @param operation what
	 * @return how many calls of it were answered
	 */
	public long count(StoreOperation operation) {
		return operations().stream().filter(operation::equals).count();
	}

	@Override
	public void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
		this.calls.add(new Call(operation, nanos, failure));
	}

	@Override
	public void eventsStored(int messages) {
		this.stored.addAndGet(messages);
	}

	@Override
	public void eventsDropped(int messages) {
		this.dropped.addAndGet(messages);
	}

	@Override
	public Resume resumeStarted() {
		RecordedResume resume = new RecordedResume();
		this.resumes.add(resume);
		return resume;
	}

	@Override
	public void gapFound() {
		this.gaps.incrementAndGet();
	}

	@Override
	public void sessionRestored() {
		this.restored.incrementAndGet();
	}

	@Override
	public void sessionNotStored() {
		this.notStored.incrementAndGet();
	}

	@Override
	public void orphanEnded(Era era) {
		this.orphans.incrementAndGet();
	}

	@Override
	public void requestStarted(Era era) {
		this.started.add(era);
	}

	@Override
	public void requestCancelled() {
		this.cancelled.incrementAndGet();
	}

	@Override
	public void inputRequired() {
		this.rounds.incrementAndGet();
	}

	@Override
	public void inputReceived(long nanos) {
		this.inputs.add(nanos);
	}

	@Override
	public void parkedCallEnded(ParkedCallOutcome outcome) {
		this.parkedCalls.add(outcome);
	}

	@Override
	public void taskCreated() {
		this.tasksCreated.incrementAndGet();
	}

	@Override
	public void taskEnded(TaskOutcome outcome, long nanos) {
		this.tasks.add(outcome);
	}

	@Override
	public void requestStateRejected(RequestStateRejection rejection) {
		this.rejectedStates.add(rejection);
	}

	/**
	 * A call of a store.
	 *
	 * @param operation what was called
	 * @param nanos how long it took
	 * @param failure why it failed, if it did
	 */
	public record Call(StoreOperation operation, long nanos, @Nullable Throwable failure) {

	}

	/**
	 * What was told of one resume.
	 */
	public static final class RecordedResume implements Resume {

		/**
		 * How many messages were replayed.
		 */
		public final AtomicInteger replayed = new AtomicInteger();

		/**
		 * The ways in which it ended, of which there should be one.
		 */
		public final List<ResumeOutcome> outcomes = new CopyOnWriteArrayList<>();

		@Override
		public void replayed(int messages) {
			this.replayed.addAndGet(messages);
		}

		@Override
		public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
			this.outcomes.add(outcome);
		}

	}

}
