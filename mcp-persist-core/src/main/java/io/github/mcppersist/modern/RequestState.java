package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

/**
 * What a client brings back when it goes on with a call (MCP 2026-07-28, "Multi
 * Round-Trip Requests"). Only what was {@linkplain RequestStateKeys sealed} leaves the
 * server.
 *
 * @param callId the ID of the call, which nobody can guess
 * @param round the round that the client begins by it, from 1 on
 */
record RequestState(String callId, int round) {

	RequestState {
		if (callId.isEmpty() || callId.indexOf(' ') >= 0 || round < 1) {
			throw new IllegalArgumentException("Not a request state");
		}
	}

	/**
	 * Read the text form.
	 * @param text the text
	 * @return the state, or {@code null} if it is none
	 */
	static @Nullable RequestState parse(String text) {
		String[] parts = text.split(" ", -1);
		try {
			return (parts.length == 2) ? new RequestState(parts[0], Integer.parseInt(parts[1])) : null;
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

	RequestState next() {
		return new RequestState(this.callId, this.round + 1);
	}

	@Override
	public String toString() {
		return this.callId + ' ' + this.round;
	}

}
