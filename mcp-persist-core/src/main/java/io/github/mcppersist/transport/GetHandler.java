package io.github.mcppersist.transport;

import java.io.ByteArrayOutputStream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointObserver.Resume;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.PageReader;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.SseFrame;
import io.github.mcppersist.stream.StandaloneLog;
import io.github.mcppersist.stream.StreamLog;

/**
 * Handles GET: the standalone stream, and resumes of any stream (MCP 2025-11-25,
 * "Listening for Messages from the Server", "Resumability and Redelivery").
 */
final class GetHandler {

	private static final Logger logger = LoggerFactory.getLogger(GetHandler.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final Broadcasts broadcasts;

	GetHandler(EndpointRuntime runtime, Sessions sessions, Broadcasts broadcasts) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.broadcasts = broadcasts;
	}

	void handle(EndpointRequest request, HttpReply reply) {
		Rejection rejection = this.runtime.isRefusing() ? Rejection.SHUTTING_DOWN : HeaderRules.checkGet(request);
		if (rejection != null) {
			reply.refuse(rejection);
			return;
		}
		Caller caller = this.runtime.callers().of(request);
		String lastEventId = request.header(HeaderRules.LAST_EVENT_ID);
		Resume observed = (lastEventId == null || lastEventId.isEmpty()) ? null
				: this.runtime.resumeStarted(request.reactorContext());
		String userAgent = request.header(HeaderRules.USER_AGENT);
		Mono<Session> acquired = this.sessions.acquire(request.header(HeaderRules.SESSION_ID), caller, true);
		acquired.delayUntil(this.broadcasts::tellReturned).subscribe((session) -> {
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
			catch (Throwable ex) {
				refuse(Rejection.failed(ex), ex, observed, reply);
			}
			finally {
				session.release();
			}
		}, (ex) -> refuse(Rejection.failed(ex), ex, observed, reply));
	}

	private static void refuse(Rejection rejection, @Nullable Throwable failure, @Nullable Resume observed,
			HttpReply reply) {
		if (observed != null) {
			observed.ended(outcome(rejection), failure);
		}
		reply.refuse(rejection);
	}

	private static ResumeOutcome outcome(Rejection rejection) {
		if (rejection.equals(Rejection.UNKNOWN_EVENT_ID)) {
			return ResumeOutcome.UNKNOWN_EVENT;
		}
		return (rejection.status() >= 500) ? ResumeOutcome.UNAVAILABLE : ResumeOutcome.UNKNOWN_SESSION;
	}

	private void resume(Session session, String lastEventId, ReconnectRules reconnects, Resume observed,
			HttpReply reply) {
		EventId cursor;
		try {
			cursor = EventId.parse(lastEventId);
		}
		catch (IllegalArgumentException ex) {
			refuse(Rejection.UNKNOWN_EVENT_ID, null, observed, reply);
			return;
		}
		readFirstPage(session, cursor, reconnects, observed, reply);
	}

	private void listen(Session session, ReconnectRules reconnects, HttpReply reply) {
		if (!isTurn(session, null, reconnects, reply)) {
			return;
		}
		StandaloneLog log = session.standalone();
		PageReader reader = new PageReader(this.runtime.streams(), log.stream(), null);
		if (session.isOutOfDate()) {
			reader.askWhereToBegin(() -> this.sessions.leftOff(session));
		}
		SseConnection connection = connection(session, ConnectionKind.STANDALONE, reader, reconnects, log,
				log.mailbox());
		orAbort(connection, () -> {
			session.register(connection.stream(), connection);
			log.mailbox().execute(() -> log.begin(connection, session.record().standaloneCursor()));
			open(session, connection, reply);
		});
	}

	// Whoever answers an error knows nothing of what was begun
	private static void orAbort(SseConnection connection, Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			connection.abort();
			throw ex;
		}
	}

	// Say whether a standalone connection is to be sent the messages; if not, answer it
	private boolean isTurn(Session session, @Nullable EventId cursor, ReconnectRules reconnects, HttpReply reply) {
		switch (session.listening().next()) {
			case LISTEN -> {
				return true;
			}
			case WAIT -> {
				PageReader reader = new PageReader(this.runtime.streams(), session.standalone().stream(), null);
				SseConnection connection = new SseConnection(this.runtime.streams(), ConnectionKind.STANDALONE,
						new Mailbox(), reader, reconnects, null, session::awaited);
				orAbort(connection, () -> {
					session.await(connection);
					connection.openWaiting(cursor, reply.events(session::whyEnded));
				});
			}
			case REFUSE -> reply.refuse(Rejection.TOO_MANY_LISTENERS);
		}
		return false;
	}

	private SseConnection connection(Session session, ConnectionKind kind, PageReader reader, ReconnectRules reconnects,
			@Nullable StreamLog log, Mailbox mailbox) {
		return new SseConnection(this.runtime.streams(), kind, mailbox, reader, reconnects, log, (gone) -> {
			if (log != null) {
				this.sessions.noteCursor(session).subscribe();
			}
			session.unregister(gone.stream(), gone);
		});
	}

	private static void open(Session session, SseConnection connection, HttpReply reply) {
		connection.openWhenWatched(reply.events(() -> whyEnded(session, connection)));
	}

	private static Rejection whyEnded(Session session, SseConnection connection) {
		SseConnection newest = session.reader(connection.stream().streamId());
		boolean replaced = connection.isReplacedElsewhere() || (newest != null && newest != connection);
		return replaced ? Rejection.REPLACED : session.whyEnded();
	}

	private void readFirstPage(Session session, EventId cursor, ReconnectRules reconnects, Resume observed,
			HttpReply reply) {
		StreamKey stream = new StreamKey(session.name(), cursor.streamId());
		PageReader reader = new PageReader(this.runtime.streams(), stream, observed);
		if (session.log(cursor.streamId()) == session.standalone() && !isTurn(session, cursor, reconnects, reply)) {
			observed.ended(ResumeOutcome.TOO_MANY_LISTENERS, null);
			return;
		}
		// Other threads go on with it
		session.acquire();
		reader.read(cursor, (found) -> {
			try {
				answer(session, stream, cursor, reader, found, reconnects, observed, reply);
			}
			catch (Throwable ex) {
				refuse(Rejection.failed(ex), ex, observed, reply);
			}
			finally {
				session.release();
			}
		});
	}

	// Answer a resume with what its first read has found.
	private void answer(Session session, StreamKey stream, EventId cursor, PageReader reader, PageReader.Result found,
			ReconnectRules reconnects, Resume observed, HttpReply reply) {
		StreamLog log = session.log(stream.streamId());
		if (found instanceof PageReader.Gap gap) {
			refuseGap(gap, reply);
		}
		else if (found instanceof PageReader.Unknown unknown) {
			logger.debug("A resume was refused: {}", unknown.failure().getMessage());
			reply.refuse(Rejection.UNKNOWN_EVENT_ID);
		}
		else if (found instanceof PageReader.Away away && log == null) {
			refuse(Rejection.EVENTS_AWAY, away.failure(), observed, reply);
		}
		else {
			boolean standalone = log == session.standalone();
			if (!standalone && reconnects.hasComeBack()) {
				this.sessions.noteResumed(session);
			}
			if (found instanceof PageReader.Page page && page.isEnd()) {
				// Not 200: clients that don't take an error for the response would come
				// back for ever
				observed.ended(ResumeOutcome.COMPLETE, null);
				reply.send(204);
				return;
			}
			ConnectionKind kind = standalone ? ConnectionKind.STANDALONE : ConnectionKind.RESUMED;
			Mailbox mailbox = (log != null) ? log.mailbox() : new Mailbox();
			SseConnection connection = connection(session, kind, reader, reconnects, log, mailbox);
			orAbort(connection, () -> {
				session.register(stream, connection);
				mailbox.execute(() -> {
					if (log != null) {
						log.attach(connection);
					}
					connection.resume(cursor, found);
				});
				open(session, connection, reply);
			});
			if (log == null && found instanceof PageReader.Page page) {
				tellOwner(stream, page.page().head().owner());
			}
		}
	}

	// Close the connection that the call came on: the store doesn't know of it.
	private void tellOwner(StreamKey stream, @Nullable String owner) {
		if (owner != null && !this.runtime.streams().isThisNode(owner)) {
			this.runtime.streams()
				.tell(owner, new NodeMessage(NodeMessage.Kind.READ_ELSEWHERE, stream.sessionName(), stream.streamId()));
		}
	}

	private static void refuseGap(PageReader.Gap gap, HttpReply reply) {
		if (gap.requestIds() != null) {
			// Not 400: the client would wait for the response until its own timeout
			ByteArrayOutputStream frames = new ByteArrayOutputStream();
			JsonRpcError
				.forEach(gap.requestIds(), JsonRpcError.SERVER_ERROR,
						"Messages of this request are no longer kept, or can't be read; its response may be among them")
				.forEach((error) -> new SseFrame(null, error, null).writeTo(frames));
			reply.sendEvents(frames.toByteArray());
		}
		else {
			reply.refuse(Rejection.UNKNOWN_EVENT_ID);
		}
	}

}
