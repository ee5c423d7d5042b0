package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

/**
 * What a request is answered: a result, or an error in its place.
 *
 * @param result the result as JSON, or {@code null}
 * @param error the error, or {@code null}
 * @param errorOfTask what a task ends with in place of the result, or {@code null} if
 * that is the same
 */
record Outcome(byte @Nullable [] result, @Nullable ErrorResponse error, @Nullable ErrorResponse errorOfTask) {

	// Not the short form: with it NullAway doesn't see that an array may be null
	Outcome(byte @Nullable [] result, @Nullable ErrorResponse error, @Nullable ErrorResponse errorOfTask) {
		this.result = result;
		this.error = error;
		this.errorOfTask = errorOfTask;
	}

	static Outcome of(byte[] result) {
		return new Outcome(result, null, null);
	}

	static Outcome of(ErrorResponse error) {
		return new Outcome(null, error, null);
	}

	/**
	 * Return what is no end of a task.
	 * @param result what is answered, unless the call is a task
	 * @param error what it ends with if it is one
	 * @return the outcome
	 */
	static Outcome unlessTask(byte[] result, ErrorResponse error) {
		return new Outcome(result, null, error);
	}

	/**
	 * Return what a task ends with.
	 * @return this, or the error in its place
	 */
	Outcome ofTask() {
		return (this.errorOfTask != null) ? of(this.errorOfTask) : this;
	}

}
