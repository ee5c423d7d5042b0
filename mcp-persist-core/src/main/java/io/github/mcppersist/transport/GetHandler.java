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

	GetHandler(EndpointRuntime runtime, Sessions sessions) {
		this.runtime = runtime;
		this.sessions = sessions;
	}

	void handle(EndpointRequest request, EndpointResponse response) {
		Rejection rejection = HeaderRules.checkGet(request);
		Session session = (rejection != null) ? null : this.sessions.find(request);
		if (session == null) {
			((rejection != null) ? rejection : Sessions.notFound(request)).sendTo(response);
			return;
		}
		session.touch();
		String lastEventId = request.header(HeaderRules.LAST_EVENT_ID);
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
		SseConnection connection = new SseConnection(this.runtime, log.mailbox(), log.stream(), session.isPriming(),
				log);
		log.mailbox().execute(() -> log.begin(connection));
		connection.open(response);
	}

	private void resume(Session session, EventId cursor, EndpointResponse response) {
		StreamKey stream = new StreamKey(session.id(), cursor.streamId());
		int maxBytes = Math.max(1, this.runtime.options().maxConnectionBytes() / 2);
		Mailbox turn = new Mailbox();
		this.runtime.store()
			.replayEventsAfter(stream, cursor, maxBytes)
			.subscribe((page) -> this.runtime.deliver(turn, () -> resume(session, stream, cursor, page, response)),
					(ex) -> this.runtime.deliver(turn, () -> notReplayed(session, stream, cursor, ex, response)));
	}

	private void resume(Session session, StreamKey stream, EventId cursor, @Nullable EventPage page,
			EndpointResponse response) {
		if (page != null && page.events().isEmpty() && page.rest() == EventPage.Rest.NONE) {
			// Not 200: clients that don't take an error for the response would come back
			// for
			// ever
			response.send(204, Map.of(), new byte[0]);
			return;
		}
		StreamLog log = session.log(stream.streamId());
		Mailbox mailbox = (log != null) ? log.mailbox() : new Mailbox();
		SseConnection connection = new SseConnection(this.runtime, mailbox, stream, session.isPriming(), log);
		mailbox.execute(() -> {
			if (log != null) {
				log.attach(connection);
			}
			connection.resume(cursor, page);
		});
		connection.open(response);
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
			response.send(200, SseConnection.HEADERS, new SseFrame(null, error, null).toBytes());
		}
		else {
			logger.debug("A resume was refused: {}", ex.getMessage());
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
		}
	}

}
