package io.github.mcppersist.modern;

/**
 * Carries an error to whoever answers the request.
 */
final class RefusedException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final transient ErrorResponse error;

	RefusedException(ErrorResponse error) {
		super(error.message(), null, false, false);
		this.error = error;
	}

	ErrorResponse error() {
		return this.error;
	}

}
