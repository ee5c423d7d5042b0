package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

/**
 * What a request is answered: a result, or an error in its place.
 *
 * @param result the result as JSON, or {@code null}
 * @param error the error, or {@code null}
 */
record Outcome(byte @Nullable [] result, @Nullable ErrorResponse error) {

	// Not the short form: with it NullAway doesn't see that an array may be null
	Outcome(byte @Nullable [] result, @Nullable ErrorResponse error) {
		this.result = result;
		this.error = error;
	}

	static Outcome of(byte[] result) {
		return new Outcome(result, null);
	}

	static Outcome of(ErrorResponse error) {
		return new Outcome(null, error);
	}

}
