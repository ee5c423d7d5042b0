package io.github.mcppersist.transport;

import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.TooManySessionsException;
import io.github.mcppersist.stream.JsonRpcError;

/**
 * A refused request: an HTTP status and a JSON-RPC error.
 *
 * @param status the HTTP status
 * @param code the JSON-RPC error code
 * @param message what happened and what to do
 * @param requestId the request's ID, if it was read; never logged
 * @param headers headers beside the content type
 */
record Rejection(int status, int code, String message, @Nullable RequestId requestId, Map<String, String> headers) {

	private static final Logger logger = LoggerFactory.getLogger(Rejection.class);

	/**
	 * One and the same for an event ID that is malformed, foreign, unknown or expired, so
	 * that nobody can tell these apart.
	 */
	static final Rejection UNKNOWN_EVENT_ID = of(400,
			"Bad Request: Last-Event-ID is not an event of this session, or it has expired");

	/**
	 * Also for a session that was deleted or has expired, and for nothing else: a client
	 * drops its session on a 404.
	 */
	static final Rejection UNKNOWN_SESSION = new Rejection(404, JsonRpcError.INVALID_REQUEST,
			"Session not found: start a new one with initialize", null, Map.of());

	static final Rejection SHUTTING_DOWN = unavailable("The server is shutting down");

	static final Rejection SESSIONS_AWAY = unavailable("the session store is out of reach");

	/**
	 * For a new session only: those that are there go on. It takes a while until some of
	 * them end.
	 */
	static final Rejection TOO_MANY_SESSIONS = unavailable("there are as many sessions as there may be", "10");

	static final Rejection EVENTS_AWAY = unavailable("the event store is out of reach");

	/**
	 * Neither 400 nor 404, on which a client drops its session.
	 */
	static final Rejection ASKER_GONE = new Rejection(409, JsonRpcError.SERVER_ERROR,
			"Conflict: nobody waits for this answer any more, the node that asked has gone", null, Map.of());

	/**
	 * Not 404: the session may be one of another node that isn't stored yet.
	 */
	static final Rejection SESSION_UNSAVED = unavailable(
			"the session store takes no writes, or did not until a moment ago, and may not know of the session yet");

	/**
	 * Neither 400 nor 404, on which a client drops its session.
	 */
	static final Rejection TOO_MANY_LISTENERS = new Rejection(409, JsonRpcError.INVALID_REQUEST,
			"Conflict: this session has too many standalone connections", null, Map.of());

	/**
	 * What there is now the client finds out when it comes back.
	 */
	static final Rejection STREAM_ENDED = unavailable("the stream ended before its connection began");

	/**
	 * For a connection that was there before it. Neither 400 nor 404, on which a client
	 * drops its session.
	 */
	static final Rejection REPLACED = new Rejection(409, JsonRpcError.INVALID_REQUEST,
			"Conflict: a newer connection of this stream has taken over", null, Map.of());

	static Rejection of(int status, String message) {
		return new Rejection(status, JsonRpcError.INVALID_REQUEST, message, null, Map.of());
	}

	static Rejection unavailable(String message) {
		return unavailable(message, "1");
	}

	private static Rejection unavailable(String message, String retryAfter) {
		return new Rejection(503, JsonRpcError.SERVER_ERROR, "Service Unavailable: " + message, null,
				Map.of("Retry-After", retryAfter));
	}

	/**
	 * Return the refusal that a failure carries. One that nobody foresaw is logged, and
	 * the client is told nothing of it.
	 * @param ex the failure
	 * @return the refusal, or an internal error
	 */
	static Rejection failed(Throwable ex) {
		if (ex instanceof RejectedRequestException rejected) {
			return rejected.rejection();
		}
		if (ex instanceof RejectedExecutionException) {
			return SHUTTING_DOWN;
		}
		if (ex instanceof SessionStoreUnavailableException) {
			return SESSIONS_AWAY;
		}
		if (ex instanceof TooManySessionsException) {
			return TOO_MANY_SESSIONS;
		}
		if (ex instanceof EventStoreUnavailableException) {
			return EVENTS_AWAY;
		}
		logger.error("A request could not be handled; please report this", ex);
		return new Rejection(500, JsonRpcError.INTERNAL_ERROR, "Internal error", null, Map.of());
	}

	Rejection withRequestId(@Nullable RequestId requestId) {
		return new Rejection(this.status, this.code, this.message, requestId, this.headers);
	}

	byte[] body() {
		return JsonRpcError.of(this.requestId, this.code, this.message);
	}

}
