package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

/**
 * Bounds how much of what was read from the store is kept by this node until its clients
 * have taken it: a result may be large, and a client may take its time. What is small
 * doesn't count. Thread-safe.
 */
final class Outgoing {

	private static final ErrorResponse FULL = ErrorResponse
		.unavailable("clients are yet to take too much of what they were answered; repeat the request");

	private static final ErrorResponse ENOUGH = ErrorResponse
		.unavailable("one principal is yet to take too much of what it was answered; take that first");

	private final Places kilobytes;

	private final int most;

	/**
	 * Create it.
	 * @param maxBytes how many bytes are kept at most, of which one principal may have
	 * half
	 */
	Outgoing(long maxBytes) {
		int kilobytes = (int) Math.min(Integer.MAX_VALUE, Math.max(2, maxBytes / 1024));
		this.most = kilobytes / 2;
		this.kilobytes = new Places(kilobytes, this.most);
	}

	/**
	 * Begin to answer a request.
	 * @param principal who makes it, or {@code null} if that isn't known
	 * @return what is kept for it, which is nothing yet
	 */
	Answer answer(@Nullable String principal) {
		return new Answer(principal);
	}

	/**
	 * What is kept for one request. Not thread-safe: it belongs to the response.
	 */
	final class Answer {

		private final @Nullable String principal;

		private int taken;

		/**
		 * How much there was no room for last, or 0 if there was.
		 */
		private int refused;

		private Answer(@Nullable String principal) {
			this.principal = principal;
		}

		/**
		 * Keep more until it has left. One answer always has room if there is nothing
		 * else, however large it is.
		 * @param bytes how much
		 * @return why there is no room for it, or {@code null} if there is
		 */
		@Nullable ErrorResponse keep(int bytes) {
			int count = (bytes <= RoundResponse.MAX_WHOLE_BYTES) ? 0 : Math.min(Outgoing.this.most, bytes / 1024);
			Places.Answer answer = Outgoing.this.kilobytes.take(this.principal, count);
			boolean isTaken = answer == Places.Answer.TAKEN;
			this.taken += isTaken ? count : 0;
			this.refused = isTaken ? 0 : count;
			return switch (answer) {
				case FULL -> FULL;
				case ENOUGH -> ENOUGH;
				case TAKEN -> null;
			};
		}

		/**
		 * Say whether there may be room for what was refused last, so that it is worth
		 * reading it again.
		 * @return whether there is, or nothing was
		 */
		boolean mayHaveRoom() {
			return Outgoing.this.kilobytes.has(this.principal, this.refused);
		}

		/**
		 * All that was kept has left, or never will.
		 */
		void left() {
			if (this.taken > 0) {
				Outgoing.this.kilobytes.giveBack(this.principal, this.taken);
				this.taken = 0;
			}
		}

	}

}
