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
import io.github.mcppersist.transport.EndpointObserver.Resume;

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
		Resume observed = (lastEventId == null || lastEventId.isEmpty()) ? null
				: this.runtime.resumeStarted(request.reactorContext());
		String userAgent = request.header(HeaderRules.USER_AGENT);
		this.sessions.acquire(request.header(HeaderRules.SESSION_ID), request.principal(), true)
			.subscribe((session) -> {
				try {
					ReconnectRules reconnects = new ReconnectRules(session, userAgent, observed != null,
							this.runtime.options());
					if (lastEventId == null || observed == null) {
						listen(session, reconnects, response);
					}
					else {
						resume(session, lastEventId, reconnects, observed, response);
					}
				}
				finally {
					session.release();
				}
			}, (ex) -> {
				Rejection refused = Rejection.failed(ex);
				if (observed != null) {
					observed.ended((refused.status() < 500) ? ResumeOutcome.UNKNOWN_SESSION : ResumeOutcome.UNAVAILABLE,
							ex);
				}
				refused.sendTo(response);
			});
	}

	private void resume(Session session, String lastEventId, ReconnectRules reconnects, Resume observed,
			EndpointResponse response) {
		EventId cursor;
		try {
			cursor = EventId.parse(lastEventId);
		}
		catch (IllegalArgumentException ex) {
			observed.ended(ResumeOutcome.UNKNOWN_EVENT, null);
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
			return;
		}
		resume(session, cursor, reconnects, observed, response);
	}

	private void listen(Session session, ReconnectRules reconnects, EndpointResponse response) {
		StreamLog log = session.standalone();
		SseConnection connection = connect(session, ConnectionKind.STANDALONE, log.stream(), reconnects, log,
				log.mailbox());
		log.mailbox().execute(() -> log.begin(connection, session.record().standaloneCursor()));
		connection.openWhenWatched(response);
	}

	private SseConnection connect(Session session, ConnectionKind kind, StreamKey stream, ReconnectRules reconnects,
			@Nullable StreamLog log, Mailbox mailbox) {
		SseConnection connection = new SseConnection(this.runtime, kind, mailbox, stream, reconnects, log, (gone) -> {
			if (log != null) {
				this.sessions.noteCursor(session).subscribe();
			}
			session.unregister(stream, gone);
		});
		session.register(stream, connection);
		return connection;
	}

	private void resume(Session session, EventId cursor, ReconnectRules reconnects, Resume observed,
			EndpointResponse response) {
		if (!session.acquire()) {
			// Let go, or ended, since it was found
			observed.ended(ResumeOutcome.UNAVAILABLE, null);
			Rejection.SESSIONS_AWAY.sendTo(response);
			return;
		}
		StreamKey stream = new StreamKey(session.id(), cursor.streamId());
		int maxBytes = Math.max(1, this.runtime.options().maxConnectionBytes() / 2);
		this.runtime.onDelivery(this.runtime.store().replayEventsAfter(stream, cursor, maxBytes))
			.doFinally((signal) -> session.release())
			.subscribe((page) -> resume(session, stream, cursor, page, reconnects, observed, response),
					(ex) -> notReplayed(session, stream, cursor, ex, reconnects, observed, response));
	}

	private void resume(Session session, StreamKey stream, EventId cursor, @Nullable EventPage page,
			ReconnectRules reconnects, Resume observed, EndpointResponse response) {
		StreamLog log = session.log(stream.streamId());
		boolean standalone = log == session.standalone();
		if (!standalone && reconnects.hasComeBack()) {
			this.sessions.noteResumed(session);
		}
		if (page != null && page.events().isEmpty() && page.rest() == EventPage.Rest.NONE) {
			// Not 200: clients that don't take an error for the response would come back
			// for ever
			observed.ended(ResumeOutcome.COMPLETE, null);
			response.send(204, Map.of(), new byte[0]);
			return;
		}
		Mailbox mailbox = (log != null) ? log.mailbox() : new Mailbox();
		ConnectionKind kind = standalone ? ConnectionKind.STANDALONE : ConnectionKind.RESUMED;
		SseConnection connection = connect(session, kind, stream, reconnects, log, mailbox);
		mailbox.execute(() -> {
			if (log != null) {
				log.attach(connection);
			}
			connection.resume(cursor, page, observed);
		});
		connection.openWhenWatched(response);
		String owner = (page != null) ? page.head().owner() : null;
		if (log == null && owner != null && !this.runtime.isThisNode(owner)) {
			// The connection that the call came on: the store doesn't know of it
			this.runtime.tell(owner, NodeMessage.Kind.READ_ELSEWHERE, session.id(), stream.streamId());
		}
	}

	private void notReplayed(Session session, StreamKey stream, EventId cursor, Throwable ex, ReconnectRules reconnects,
			Resume observed, EndpointResponse response) {
		if (ex instanceof EventStoreUnavailableException) {
			if (session.log(stream.streamId()) != null) {
				resume(session, stream, cursor, null, reconnects, observed, response);
			}
			else {
				observed.ended(ResumeOutcome.UNAVAILABLE, ex);
				Rejection.unavailable("the event store is out of reach").sendTo(response);
			}
		}
		else if (ex instanceof EventsTrimmedException trimmed) {
			observed.ended(ResumeOutcome.GAP, ex);
			this.runtime.gapFound(stream);
			trimmed(trimmed, response);
		}
		else {
			logger.debug("A resume was refused: {}", ex.getMessage());
			observed.ended(ResumeOutcome.UNKNOWN_EVENT, ex);
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
		}
	}

	private static void trimmed(EventsTrimmedException trimmed, EndpointResponse response) {
		if (trimmed.requestId() != null) {
			// Not 400: the client would wait for the response until its own timeout
			byte[] error = JsonRpcError.of(trimmed.requestId(), JsonRpcError.SERVER_ERROR,
					"Messages of this request are no longer kept, its response may be among them");
			response.send(200, SseOutput.HEADERS, new SseFrame(null, error, null).toBytes());
		}
		else {
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
		}
	}

}
