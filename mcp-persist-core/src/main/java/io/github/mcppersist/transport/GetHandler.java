package io.github.mcppersist.transport;

import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamKey;

/**
 * Handles GET: the standalone stream, and resumes of any stream (MCP 2025-11-25,
 * "Listening for Messages from the Server", "Resumability and Redelivery").
 */
final class GetHandler {

	private static final Logger logger = LoggerFactory.getLogger(GetHandler.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private volatile boolean closing;

	GetHandler(EndpointRuntime runtime, Sessions sessions) {
		this.runtime = runtime;
		this.sessions = sessions;
	}

	/**
	 * Refuse requests from now on.
	 */
	void close() {
		this.closing = true;
	}

	void handle(EndpointRequest request, EndpointResponse response) {
		Rejection rejection = this.closing ? Rejection.SHUTTING_DOWN : HeaderRules.checkGet(request);
		if (rejection != null) {
			rejection.sendTo(response);
			return;
		}
		String lastEventId = request.header(HeaderRules.LAST_EVENT_ID);
		this.sessions.acquire(request.header(HeaderRules.SESSION_ID), request.principal(), true)
			.subscribe((session) -> {
				try {
					handle(session, lastEventId, response);
				}
				finally {
					session.release();
				}
			}, (ex) -> Rejection.failed(ex).sendTo(response));
	}

	private void handle(Session session, @Nullable String lastEventId, EndpointResponse response) {
		if (lastEventId == null || lastEventId.isEmpty()) {
			listen(session, response);
			return;
		}
		EventId cursor;
		try {
			cursor = EventId.parse(lastEventId);
		}
		catch (IllegalArgumentException ex) {
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
			return;
		}
		resume(session, cursor, response);
	}

	private void listen(Session session, EndpointResponse response) {
		StreamLog log = session.standalone();
		SseConnection connection = connect(session, log.stream(), log, log.mailbox());
		log.mailbox().execute(() -> log.begin(connection, session.record().standaloneCursor()));
		connection.openWhenWatched(response);
	}

	private SseConnection connect(Session session, StreamKey stream, @Nullable StreamLog log, Mailbox mailbox) {
		SseConnection connection = new SseConnection(this.runtime, mailbox, stream, session.isPriming(), log,
				(gone) -> {
					if (log != null) {
						this.sessions.noteCursor(session).subscribe();
					}
					session.unregister(stream, gone);
				});
		session.register(stream, connection);
		return connection;
	}

	private void resume(Session session, EventId cursor, EndpointResponse response) {
		if (!session.acquire()) {
			// Let go, or ended, since it was found
			Rejection.SESSIONS_AWAY.sendTo(response);
			return;
		}
		StreamKey stream = new StreamKey(session.id(), cursor.streamId());
		int maxBytes = Math.max(1, this.runtime.options().maxConnectionBytes() / 2);
		this.runtime.onDelivery(this.runtime.store().replayEventsAfter(stream, cursor, maxBytes))
			.doFinally((signal) -> session.release())
			.subscribe((page) -> resume(session, stream, cursor, page, response),
					(ex) -> notReplayed(session, stream, cursor, ex, response));
	}

	private void resume(Session session, StreamKey stream, EventId cursor, @Nullable EventPage page,
			EndpointResponse response) {
		if (page != null && page.events().isEmpty() && page.rest() == EventPage.Rest.NONE) {
			// Not 200: clients that don't take an error for the response would come back
			// for ever
			response.send(204, Map.of(), new byte[0]);
			return;
		}
		StreamLog log = session.log(stream.streamId());
		Mailbox mailbox = (log != null) ? log.mailbox() : new Mailbox();
		SseConnection connection = connect(session, stream, log, mailbox);
		mailbox.execute(() -> {
			if (log != null) {
				log.attach(connection);
			}
			connection.resume(cursor, page);
		});
		connection.openWhenWatched(response);
		String owner = (page != null) ? page.head().owner() : null;
		if (log == null && owner != null && !this.runtime.isThisNode(owner)) {
			// The connection that the call came on: the store doesn't know of it
			this.runtime.tell(owner, NodeMessage.Kind.READ_ELSEWHERE, session.id(), stream.streamId());
		}
	}

	private void notReplayed(Session session, StreamKey stream, EventId cursor, Throwable ex,
			EndpointResponse response) {
		if (ex instanceof EventStoreUnavailableException) {
			if (session.log(stream.streamId()) != null) {
				resume(session, stream, cursor, null, response);
			}
			else {
				Rejection.unavailable("the event store is out of reach").sendTo(response);
			}
		}
		else if (ex instanceof EventsTrimmedException trimmed && trimmed.requestId() != null) {
			// Not 400: the client would wait for the response until its own timeout
			byte[] error = JsonRpcError.of(trimmed.requestId(), JsonRpcError.SERVER_ERROR,
					"Messages of this request are no longer kept, its response may be among them");
			response.send(200, SseOutput.HEADERS, new SseFrame(null, error, null).toBytes());
		}
		else {
			logger.debug("A resume was refused: {}", ex.getMessage());
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
		}
	}

}
