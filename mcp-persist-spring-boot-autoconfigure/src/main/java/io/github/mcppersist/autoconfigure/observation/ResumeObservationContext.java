package io.github.mcppersist.autoconfigure.observation;

import java.util.concurrent.atomic.AtomicLong;

import io.micrometer.observation.Observation;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.ResumeOutcome;

/**
 * What is known of a resume while it is observed. Nothing in it names the session, its
 * stream or its client.
 */
public final class ResumeObservationContext extends Observation.Context {

	private final AtomicLong eventsReplayed = new AtomicLong();

	private volatile @Nullable ResumeOutcome outcome;

	ResumeObservationContext() {
	}

	/**
	 * Return how the resume ended.
	 * @return the outcome, or {@code null} before its end
	 */
	public @Nullable ResumeOutcome getOutcome() {
		return this.outcome;
	}

	void setOutcome(ResumeOutcome outcome) {
		this.outcome = outcome;
	}

	/**
	 * Return how many messages the client had missed.
	 * @return how many it was sent so far
	 */
	public long getEventsReplayed() {
		return this.eventsReplayed.get();
	}

	void addEventsReplayed(int messages) {
		this.eventsReplayed.addAndGet(messages);
	}

}
