package io.github.mcppersist.autoconfigure.observation;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ResumeOutcome;

/**
 * Observes resumes, and nothing else: all else takes no time of its own, or is counted
 * where it happens. An observation begins on the request's thread, so that the HTTP
 * request's is its parent, and ends on another.
 */
final class ResumeObserver implements EndpointObserver {

	private final ObservationRegistry registry;

	ResumeObserver(ObservationRegistry registry) {
		this.registry = registry;
	}

	@Override
	public Resume resumeStarted() {
		return new ObservedResume(ResumeObservation.RESUME.start(this.registry));
	}

	private static final class ObservedResume implements Resume {

		private final Observation observation;

		private final AtomicLong replayed = new AtomicLong();

		ObservedResume(Observation observation) {
			this.observation = observation;
		}

		@Override
		public void replayed(int messages) {
			this.replayed.addAndGet(messages);
		}

		@Override
		public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
			if (failure != null) {
				this.observation.error(failure);
			}
			this.observation
				.lowCardinalityKeyValue(ResumeObservation.Key.OUTCOME
					.withValue(outcome.name().toLowerCase(Locale.ROOT).replace('_', '-')))
				.highCardinalityKeyValue(
						ResumeObservation.Key.EVENTS_REPLAYED.withValue(Long.toString(this.replayed.get())))
				.stop();
		}

	}

}
