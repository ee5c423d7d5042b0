package io.github.mcppersist.transport;

/**
 * Carries the refusal of a request to whoever answers it.
 */
sealed class RejectedRequestException extends RuntimeException permits OtherServersSessionException {

	private static final long serialVersionUID = 1L;

	private final transient Rejection rejection;

	RejectedRequestException(Rejection rejection) {
		super(rejection.message(), null, false, false);
		this.rejection = rejection;
	}

	Rejection rejection() {
		return this.rejection;
	}

}
