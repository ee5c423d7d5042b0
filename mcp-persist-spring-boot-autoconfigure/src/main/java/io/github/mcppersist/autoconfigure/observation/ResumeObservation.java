package io.github.mcppersist.autoconfigure.observation;

import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;
import io.micrometer.observation.docs.ObservationDocumentation;

/**
 * The observations, which their conventions name. {@code docs/operations.md} has them as
 * a table.
 */
enum ResumeObservation implements ObservationDocumentation {

	/**
	 * A resume: from the request with {@code Last-Event-ID} until the client has all that
	 * it missed.
	 */
	RESUME {

		@Override
		public Class<? extends ObservationConvention<? extends Observation.Context>> getDefaultConvention() {
			return DefaultResumeObservationConvention.class;
		}

		@Override
		public KeyName[] getLowCardinalityKeyNames() {
			return new KeyName[] { Key.OUTCOME };
		}

		@Override
		public KeyName[] getHighCardinalityKeyNames() {
			return new KeyName[] { Key.EVENTS_REPLAYED };
		}

	};

	/**
	 * The names of the keys.
	 */
	enum Key implements KeyName {

		/**
		 * How the resume ended.
		 */
		OUTCOME {

			@Override
			public String asString() {
				return "outcome";
			}

		},

		/**
		 * How many messages the client had missed.
		 */
		EVENTS_REPLAYED {

			@Override
			public String asString() {
				return "mcp.persist.events.replayed";
			}

		}

	}

}
