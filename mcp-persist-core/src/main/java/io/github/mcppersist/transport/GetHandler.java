package io.github.mcppersist.transport;

import java.io.ByteArrayOutputStream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointObserver.Resume;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.SseFrame;
import io.github.mcppersist.stream.SseOutput;
import io.github.mcppersist.stream.StreamLog;

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

	void handle(EndpointRequest request, HttpReply reply) {
		Rejection rejection = this.closing ? Rejection.SHUTTING_DOWN : HeaderRules.checkGet(request);
		if (rejection != null) {
			reply.refuse(rejection);
			return;
		}
		Caller caller = this.runtime.callers().of(request);
		String lastEventId = request.header(HeaderRules.LAST_EVENT_ID);
		Resume observed = (lastEventId == null || lastEventId.isEmpty()) ? null
				: this.runtime.resumeStarted(request.reactorContext());
		String userAgent = request.header(HeaderRules.USER_AGENT);
		this.sessions.acquire(request.header(HeaderRules.SESSION_ID), caller, true).subscribe((session) -> {
			try {
				ReconnectRules reconnects = new ReconnectRules(session, userAgent, observed != null,
						this.runtime.options());
				if (lastEventId == null || observed == null) {
					listen(session, reconnects, reply);
				}
				else {
					resume(session, lastEventId, reconnects, observed, reply);
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
			reply.refuse(refused);
		});
	}

	private void resume(Session session, String lastEventId, ReconnectRules reconnects, Resume observed,
			HttpReply reply) {
		EventId cursor;
		try {
			cursor = EventId.parse(lastEventId);
		}
		catch (IllegalArgumentException ex) {
			observed.ended(ResumeOutcome.UNKNOWN_EVENT, null);
			reply.refuse(Rejection.UNKNOWN_EVENT_ID);
			return;
		}
		resume(session, cursor, reconnects, observed, reply);
	}

	private void listen(Session session, ReconnectRules reconnects, HttpReply reply) {
		if (!isTurn(session, null, reconnects, reply)) {
			return;
		}
		StreamLog log = session.standalone();
		SseConnection connection = connect(session, ConnectionKind.STANDALONE, log.stream(), reconnects, log,
				log.mailbox());
		log.mailbox().execute(() -> log.begin(connection, session.record().standaloneCursor()));
		connection.openWhenWatched((chunks) -> reply.stream(SseOutput.HEADERS, chunks));
	}

	/**
	 * Say whether a standalone connection is to be sent the messages; if not, answer it.
	 * @param session the session
	 * @param cursor the client's cursor, if it has one
	 * @param reconnects what is known of the client
	 * @param reply answers the request
	 * @return whether it is
	 */
	private boolean isTurn(Session session, @Nullable EventId cursor, ReconnectRules reconnects, HttpReply reply) {
		switch (session.listeners().next(session.isListening())) {
			case LISTEN -> {
				return true;
			}
			case WAIT -> {
				SseConnection connection = new SseConnection(this.runtime.streams(), ConnectionKind.STANDALONE,
						new Mailbox(), session.standalone().stream(), reconnects, null, session::awaited);
				session.await(connection);
				connection.openWaiting(cursor, (chunks) -> reply.stream(SseOutput.HEADERS, chunks));
			}
			case REFUSE -> reply.refuse(Rejection.TOO_MANY_LISTENERS);
		}
		return false;
	}

	private SseConnection connect(Session session, ConnectionKind kind, StreamKey stream, ReconnectRules reconnects,
			@Nullable StreamLog log, Mailbox mailbox) {
		SseConnection connection = new SseConnection(this.runtime.streams(), kind, mailbox, stream, reconnects, log,
				(gone) -> {
					if (log != null) {
						this.sessions.noteCursor(session).subscribe();
					}
					session.unregister(stream, gone);
				});
		session.register(stream, connection);
		return connection;
	}

	private void resume(Session session, EventId cursor, ReconnectRules reconnects, Resume observed, HttpReply reply) {
		if (!session.acquire()) {
			// Let go, or ended, since it was found
			observed.ended(ResumeOutcome.UNAVAILABLE, null);
			reply.refuse(Rejection.SESSIONS_AWAY);
			return;
		}
		StreamKey stream = new StreamKey(session.id(), cursor.streamId());
		if (session.log(cursor.streamId()) == session.standalone() && !isTurn(session, cursor, reconnects, reply)) {
			observed.ended(ResumeOutcome.LIVE, null);
			session.release();
			return;
		}
		int maxBytes = Math.max(1, this.runtime.options().maxConnectionBytes() / 2);
		this.runtime.store()
			.replayEventsAfter(stream, cursor, maxBytes)
			.doFinally((signal) -> session.release())
			.subscribe((page) -> resume(session, stream, cursor, page, reconnects, observed, reply),
					(ex) -> notReplayed(session, stream, cursor, ex, reconnects, observed, reply));
	}

	private void resume(Session session, StreamKey stream, EventId cursor, @Nullable EventPage page,
			ReconnectRules reconnects, Resume observed, HttpReply reply) {
		StreamLog log = session.log(stream.streamId());
		boolean standalone = log == session.standalone();
		if (!standalone && reconnects.hasComeBack()) {
			this.sessions.noteResumed(session);
		}
		if (page != null && page.events().isEmpty() && page.rest() == EventPage.Rest.NONE) {
			// Not 200: clients that don't take an error for the response would come back
			// for ever
			observed.ended(ResumeOutcome.COMPLETE, null);
			reply.send(204);
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
		connection.openWhenWatched((chunks) -> reply.stream(SseOutput.HEADERS, chunks));
		String owner = (page != null) ? page.head().owner() : null;
		if (log == null && owner != null && !this.runtime.streams().isThisNode(owner)) {
			// The connection that the call came on: the store doesn't know of it
			this.runtime.streams()
				.tell(owner, new NodeMessage(NodeMessage.Kind.READ_ELSEWHERE, session.id(), stream.streamId()));
		}
	}

	private void notReplayed(Session session, StreamKey stream, EventId cursor, Throwable ex, ReconnectRules reconnects,
			Resume observed, HttpReply reply) {
		if (ex instanceof EventStoreUnavailableException) {
			if (session.log(stream.streamId()) != null) {
				resume(session, stream, cursor, null, reconnects, observed, reply);
			}
			else {
				observed.ended(ResumeOutcome.UNAVAILABLE, ex);
				reply.refuse(Rejection.unavailable("the event store is out of reach"));
			}
		}
		else if (ex instanceof EventsTrimmedException trimmed) {
			observed.ended(ResumeOutcome.GAP, ex);
			this.runtime.streams().gapFound(stream);
			trimmed(trimmed, reply);
		}
		else {
			logger.debug("A resume was refused: {}", ex.getMessage());
			observed.ended(ResumeOutcome.UNKNOWN_EVENT, ex);
			reply.refuse(Rejection.UNKNOWN_EVENT_ID);
		}
	}

	private static void trimmed(EventsTrimmedException trimmed, HttpReply reply) {
		if (trimmed.requestId() != null) {
			// Not 400: the client would wait for the response until its own timeout
			ByteArrayOutputStream frames = new ByteArrayOutputStream();
			JsonRpcError
				.forEach(trimmed.requestId(), JsonRpcError.SERVER_ERROR,
						"Messages of this request are no longer kept, its response may be among them")
				.forEach((error) -> new SseFrame(null, error, null).writeTo(frames));
			reply.send(200, SseOutput.HEADERS, frames.toByteArray());
		}
		else {
			reply.refuse(Rejection.UNKNOWN_EVENT_ID);
		}
	}

}
