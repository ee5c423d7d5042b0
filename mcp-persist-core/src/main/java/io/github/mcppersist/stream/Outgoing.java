package io.github.mcppersist.stream;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;

/**
 * A message to the client.
 *
 * @param requestId the request that it belongs to, or {@code null} on the standalone
 * stream
 * @param json the JSON-RPC message as UTF-8 JSON
 * @param kind what it is
 */
@SuppressWarnings("ArrayRecordComponent")
public record Outgoing(@Nullable RequestId requestId, byte[] json, Kind kind) {

	boolean isResponse() {
		return this.kind == Kind.RESPONSE;
	}

	boolean isRequest() {
		return this.kind == Kind.REQUEST;
	}

	/**
	 * What a message is.
	 */
	public enum Kind {

		/**
		 * Nobody waits for an answer to it.
		 */
		NOTIFICATION,

		/**
		 * A request to the client: somebody waits for its answer.
		 */
		REQUEST,

		/**
		 * The response to the request that it belongs to.
		 */
		RESPONSE

	}

}
