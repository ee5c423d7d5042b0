package io.github.mcppersist.autoconfigure.observation;

import java.util.Locale;

/**
 * How the value of an enum is written as that of a meter's tag, or of an observation's
 * key.
 */
public final class TagValue {

	private TagValue() {
	}

	/**
	 * Return how a value is written.
	 * @param value such as {@code UNKNOWN_EVENT}
	 * @return such as {@code unknown-event}
	 */
	public static String of(Enum<?> value) {
		return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
	}

}
