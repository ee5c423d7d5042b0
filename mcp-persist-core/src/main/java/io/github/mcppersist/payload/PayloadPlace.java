package io.github.mcppersist.payload;

import java.util.Objects;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.StreamKey;

/**
 * Where a payload is, so that one that was moved elsewhere can be told from one that
 * belongs there. It is known whenever a payload is stored or read, and the same both
 * times.
 * <p>
 * The place of an event is its whole ID, its sequence included. A writer may give an
 * event another sequence, but only one that isn't stored: it is encoded by each call that
 * stores it, with the sequence of that call.
 *
 * @param kind what it is
 * @param sessionName the session or task that it belongs to, as stores know it, or
 * nothing if it belongs to no single one
 * @param part which one of its payloads of that kind it is, or nothing
 */
public record PayloadPlace(Kind kind, String sessionName, String part) {

	public PayloadPlace {
		Objects.requireNonNull(kind, "kind must not be null");
		Objects.requireNonNull(sessionName, "sessionName must not be null");
		Objects.requireNonNull(part, "part must not be null");
	}

	static PayloadPlace event(StreamKey stream, EventId id) {
		return new PayloadPlace(Kind.EVENT, stream.sessionName(), id.toString());
	}

	static PayloadPlace requestIds(StreamKey stream) {
		return new PayloadPlace(Kind.REQUEST_IDS, stream.sessionName(), stream.streamId());
	}

	static PayloadPlace answer(String sessionName, String requestId) {
		return new PayloadPlace(Kind.ANSWER, sessionName, requestId);
	}

	static PayloadPlace task(String taskId, String part) {
		return new PayloadPlace(Kind.TASK, taskId, part);
	}

	/**
	 * What a payload is.
	 */
	public enum Kind {

		/**
		 * The message of an event; the part is the event ID.
		 */
		EVENT,

		/**
		 * The IDs of the requests that a stream answers; the part is the stream ID.
		 */
		REQUEST_IDS,

		/**
		 * What is known of a session and its client; the part is the name of the field.
		 */
		SESSION,

		/**
		 * A client's answer to a server's request; the part is the ID of that request.
		 */
		ANSWER,

		/**
		 * What is known of a task, in place of a session; the part is the name of the
		 * field, with the key of a request for input or the number of a round.
		 */
		TASK,

		/**
		 * The URI of a resource that sessions have subscribed to: it is what the
		 * subscribers are found by, and so belongs to no session.
		 */
		SUBSCRIPTION,

		/**
		 * What nodes tell each other. It isn't stored, but goes through the same server;
		 * the part is the name of the MCP server.
		 */
		NODE_MESSAGE

	}

}
