package io.github.mcppersist.autoconfigure.observation;

import io.micrometer.common.KeyValues;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.ResumeOutcome;

/**
 * The {@link ResumeObservationConvention} where the application has none. The keys are
 * there when the resume has ended: how it did, and how many messages the client had
 * missed.
 */
public class DefaultResumeObservationConvention implements ResumeObservationConvention {

	private static final String DEFAULT_NAME = "mcp.persist.resume";

	private final String name;

	/**
	 * Create a convention with the name {@code mcp.persist.resume}.
	 */
	public DefaultResumeObservationConvention() {
		this(DEFAULT_NAME);
	}

	/**
	 * Create a convention with another name.
	 * @param name the name of the observations
	 */
	public DefaultResumeObservationConvention(String name) {
		this.name = name;
	}

	@Override
	public String getName() {
		return this.name;
	}

	@Override
	public @Nullable String getContextualName(ResumeObservationContext context) {
		return "mcp resume";
	}

	@Override
	public KeyValues getLowCardinalityKeyValues(ResumeObservationContext context) {
		ResumeOutcome outcome = context.getOutcome();
		return (outcome != null) ? KeyValues.of(ResumeObservation.Key.OUTCOME.withValue(TagValue.of(outcome)))
				: KeyValues.empty();
	}

	@Override
	public KeyValues getHighCardinalityKeyValues(ResumeObservationContext context) {
		return (context.getOutcome() != null)
				? KeyValues
					.of(ResumeObservation.Key.EVENTS_REPLAYED.withValue(Long.toString(context.getEventsReplayed())))
				: KeyValues.empty();
	}

}
