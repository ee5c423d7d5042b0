package io.github.mcppersist.autoconfigure.observation;

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

	private static final ResumeObservationConvention DEFAULT_CONVENTION = new DefaultResumeObservationConvention();

	private final ObservationRegistry registry;

	private final @Nullable ResumeObservationConvention convention;

	/**
	 * Create an observer.
	 * @param registry has the observations
	 * @param convention the application's own, or {@code null}
	 */
	ResumeObserver(ObservationRegistry registry, @Nullable ResumeObservationConvention convention) {
		this.registry = registry;
		this.convention = convention;
	}

	@Override
	public Resume resumeStarted() {
		ResumeObservationContext context = new ResumeObservationContext();
		return new ObservedResume(context,
				ResumeObservation.RESUME.observation(this.convention, DEFAULT_CONVENTION, () -> context, this.registry)
					.start());
	}

	private static final class ObservedResume implements Resume {

		private final ResumeObservationContext context;

		private final Observation observation;

		ObservedResume(ResumeObservationContext context, Observation observation) {
			this.context = context;
			this.observation = observation;
		}

		@Override
		public void replayed(int messages) {
			this.context.addEventsReplayed(messages);
		}

		@Override
		public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
			this.context.setOutcome(outcome);
			if (failure != null) {
				this.observation.error(failure);
			}
			this.observation.stop();
		}

	}

}
