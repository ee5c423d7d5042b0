package io.github.mcppersist.autoconfigure.observation;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;

/**
 * Names the observations of resumes and their keys. A bean of this type takes the place
 * of {@link DefaultResumeObservationConvention}, which it may extend. It is asked when a
 * resume begins, its outcome being {@code null}, and again when it has ended.
 */
public interface ResumeObservationConvention extends ObservationConvention<ResumeObservationContext> {

	@Override
	default boolean supportsContext(Observation.Context context) {
		return context instanceof ResumeObservationContext;
	}

}
