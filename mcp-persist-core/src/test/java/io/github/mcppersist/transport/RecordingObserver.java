package io.github.mcppersist.transport;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * Remembers what it was told.
 */
final class RecordingObserver implements EndpointObserver {

	final List<Call> calls = new CopyOnWriteArrayList<>();

	final List<RecordedResume> resumes = new CopyOnWriteArrayList<>();

	final AtomicInteger stored = new AtomicInteger();

	final AtomicInteger dropped = new AtomicInteger();

	final AtomicInteger gaps = new AtomicInteger();

	final AtomicInteger restored = new AtomicInteger();

	final AtomicInteger orphans = new AtomicInteger();

	List<StoreOperation> operations() {
		return this.calls.stream().map(Call::operation).toList();
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
	public void orphanEnded() {
		this.orphans.incrementAndGet();
	}

	/**
	 * A call of a store.
	 *
	 * @param operation what was called
	 * @param nanos how long it took
	 * @param failure why it failed, if it did
	 */
	record Call(StoreOperation operation, long nanos, @Nullable Throwable failure) {

	}

	/**
	 * What was told of one resume.
	 */
	static final class RecordedResume implements Resume {

		final AtomicInteger replayed = new AtomicInteger();

		final List<ResumeOutcome> outcomes = new CopyOnWriteArrayList<>();

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
