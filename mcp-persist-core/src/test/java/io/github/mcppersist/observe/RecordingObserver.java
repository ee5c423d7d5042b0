package io.github.mcppersist.observe;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * Remembers what it was told.
 */
public final class RecordingObserver implements EndpointObserver {

	public final List<Call> calls = new CopyOnWriteArrayList<>();

	public final List<RecordedResume> resumes = new CopyOnWriteArrayList<>();

	public final AtomicInteger stored = new AtomicInteger();

	public final AtomicInteger dropped = new AtomicInteger();

	public final AtomicInteger gaps = new AtomicInteger();

	public final AtomicInteger restored = new AtomicInteger();

	public final AtomicInteger orphans = new AtomicInteger();

	public final AtomicInteger cancelled = new AtomicInteger();

	public List<StoreOperation> operations() {
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

	@Override
	public void requestCancelled() {
		this.cancelled.incrementAndGet();
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

		public final AtomicInteger replayed = new AtomicInteger();

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
