package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.ProtocolVersions;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.stream.RequestLog;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.StandaloneLog;
import io.github.mcppersist.stream.StreamLog;

/**
 * A session as this node holds it: the SDK's session, the logs of the requests that run
 * here, the log of its standalone stream, and the connections that have come back.
 * <p>
 * It is <em>used</em> by each request that is being handled, each running request, and
 * each connection; only what isn't used can be let go, and it can't be used after that.
 * Thread-safe; the endpoint's table owns it, and {@link #end()} closes what it holds.
 */
final class Session {

	static final int NOTIFICATIONS_AT_ONCE = 8;

	private static final int ANSWERS_AT_ONCE = 32;

	/**
	 * How many notifications, and how many answers, of a session may wait for their turn.
	 */
	private static final int MAX_WAITING = 1000;

	/**
	 * Every session has one standalone stream, which is found without being told its ID.
	 */
	private static final String STANDALONE_STREAM_ID = "0";

	private static final String FIRST_VERSION_WITH_PRIMING = ProtocolVersions.MCP_2025_11_25;

	private static final int HELD_OVERHEAD = 4096;

	private final EndpointRuntime runtime;

	private final McpJsonMapper jsonMapper;

	private final Function<String, McpStreamableServerSession> sdkSessions;

	private volatile McpStreamableServerSession sdkSession;

	private final boolean priming;

	private final StandaloneLog standalone;

	private final Map<String, RequestLog> running = new ConcurrentHashMap<>();

	/**
	 * The requests whose handlers haven't ended.
	 */
	private final Set<RunningCall> calls = ConcurrentHashMap.newKeySet();

	/**
	 * How many of them run the user's code, or will.
	 */
	private final AtomicInteger handled = new AtomicInteger();

	/**
	 * The newest connection of each stream on this node: that of the request itself, or
	 * one that came with a GET.
	 */
	private final Map<String, SseConnection> readers = new ConcurrentHashMap<>();

	/**
	 * What the store has, as far as this node knows. Changes under the lock of this
	 * object, which is held for no longer than it takes to tell the SDK's session.
	 */
	private volatile SessionRecord record;

	private final Reloads reloads;

	private final Uses uses;

	private volatile @Nullable EventId notedCursor;

	private final Listening listening;

	private final Lane notifications;

	private final Lane answers;

	private final Lane otherAnswers;

	/**
	 * Whether the client has resumed the stream of a request on this node.
	 */
	private final AtomicBoolean resumed = new AtomicBoolean();

	private volatile boolean ended;

	/**
	 * Whether the record could not be read when it was wanted last.
	 */
	private volatile boolean outOfDate;

	private final AtomicBoolean strangerSeen = new AtomicBoolean();

	/**
	 * Hold a session.
	 * @param runtime what all handlers share
	 * @param jsonMapper writes JSON
	 * @param sdkSessions makes another one of the SDK's sessions, with a session ID
	 * @param sdkSession the SDK's session
	 * @param record what is known of it
	 * @param first whether it begins, and isn't restored
	 */
	Session(EndpointRuntime runtime, McpJsonMapper jsonMapper, Function<String, McpStreamableServerSession> sdkSessions,
			McpStreamableServerSession sdkSession, SessionRecord record, boolean first) {
		this.runtime = runtime;
		this.jsonMapper = jsonMapper;
		this.sdkSessions = sdkSessions;
		this.sdkSession = sdkSession;
		this.record = record;
		this.reloads = new Reloads(runtime.threads());
		this.notifications = new Lane(runtime.threads()::callBack, NOTIFICATIONS_AT_ONCE, MAX_WAITING);
		this.answers = new Lane(runtime.threads()::answer, ANSWERS_AT_ONCE, MAX_WAITING);
		this.otherAnswers = new Lane(runtime.threads()::callBack, ANSWERS_AT_ONCE, MAX_WAITING);
		this.uses = new Uses(runtime.threads()::nanoTime);
		this.notedCursor = record.standaloneCursor();
		this.priming = record.protocolVersion().compareTo(FIRST_VERSION_WITH_PRIMING) >= 0;
		this.standalone = new StandaloneLog(runtime.streams(),
				new StreamKey(record.sessionName(), STANDALONE_STREAM_ID), record.standaloneCursor(), first);
		this.listening = new Listening(runtime, record.sessionName(), this.standalone,
				() -> this.readers.get(STANDALONE_STREAM_ID));
		listen(sdkSession);
		tellLogLevel(record);
	}

	// One permanent writer: what is sent while no connection is open is stored too
	private void listen(McpStreamableServerSession sdkSession) {
		sdkSession.listeningStream(new LogTransport(this.jsonMapper, this.runtime.serverRequests(),
				this.record.sessionName(), () -> this.standalone));
	}

	/**
	 * Return under which name stores and other nodes know the session.
	 * @return its {@linkplain SessionNames name}, not the ID that its client sends
	 */
	String name() {
		return this.record.sessionName();
	}

	/**
	 * The client has named the session. If it was restored for a notification, the SDK's
	 * session doesn't know its ID yet, which tools may ask for.
	 * @param sessionId the session ID, or {@code null} if it wasn't the client
	 */
	void identify(@Nullable String sessionId) {
		if (sessionId == null || this.sdkSession.getId().equals(sessionId)) {
			return;
		}
		synchronized (this) {
			if (!this.sdkSession.getId().equals(sessionId)) {
				McpStreamableServerSession identified = this.sdkSessions.apply(sessionId);
				listen(identified);
				this.sdkSession = identified;
				tellLogLevel(this.record);
			}
		}
	}

	/**
	 * Return about what this session takes while it is held.
	 * @return the bytes of heap
	 */
	long heldBytes() {
		return heldBytes(this.record);
	}

	/**
	 * Return about what a session takes while it is held: what its client has said of
	 * itself, as text and as the SDK reads it, which may be a map for each few
	 * characters.
	 * @param record what is known of it; what changes doesn't count
	 * @return the bytes of heap
	 */
	static long heldBytes(SessionRecord record) {
		return HELD_OVERHEAD + 16L * record.initializeRequest().length();
	}

	McpStreamableServerSession sdkSession() {
		return this.sdkSession;
	}

	/**
	 * Say whether the client should know priming events, and that a server may close a
	 * connection before the response.
	 * @return whether its protocol version is 2025-11-25 or later
	 */
	boolean isPriming() {
		return this.priming;
	}

	/**
	 * Say whether the client comes back to the stream of a request that the server has
	 * closed the connection of.
	 * @return whether it has shown that, on any node as far as this one knows, or is
	 * trusted to
	 */
	boolean isResuming() {
		return this.record.resuming() || this.resumed.get();
	}

	/**
	 * Note that the client has resumed the stream of a request.
	 * @return whether that has to be stored, since it wasn't known
	 */
	boolean noteResumed() {
		return !this.record.resuming() && this.resumed.compareAndSet(false, true);
	}

	/**
	 * The store was not told of it: the next resume is to be noted again.
	 */
	void forgetResumed() {
		this.resumed.set(false);
	}

	// What the store has of it

	SessionRecord record() {
		return this.record;
	}

	Revision revision() {
		return this.record.revision();
	}

	/**
	 * Return how the record is read again.
	 * @return so that no older one can replace a newer one
	 */
	Reloads reloads() {
		return this.reloads;
	}

	/**
	 * Take over what the store has.
	 * @param stored the record, as it was read {@linkplain #reloads() in its turn}
	 */
	synchronized void update(SessionRecord stored) {
		if (!stored.revision().equals(this.record.revision())) {
			tellLogLevel(stored);
		}
		this.record = stored;
	}

	/**
	 * Say whether the record may have been changed elsewhere, since it could not be read
	 * when it was wanted last.
	 * @return whether the store was out of reach
	 */
	boolean isOutOfDate() {
		return this.outOfDate;
	}

	void outOfDate(boolean outOfDate) {
		this.outOfDate = outOfDate;
	}

	/**
	 * Note that somebody came who isn't the owner.
	 * @return whether it is the first time
	 */
	boolean isFirstStranger() {
		return this.strangerSeen.compareAndSet(false, true);
	}

	private void tellLogLevel(SessionRecord record) {
		if (record.logLevel() != null) {
			LoggingLevel level = LoggingLevel.fromValue(record.logLevel());
			if (level != null) {
				this.sdkSession.setMinLoggingLevel(level);
			}
		}
	}

	// Streams

	StandaloneLog standalone() {
		return this.standalone;
	}

	/**
	 * Begin the log of a request, or of a batch.
	 * @param requestIds the request, or those of a batch
	 * @return the log, which uses this session until it ends
	 */
	RequestLog begin(RequestIds requestIds) {
		StreamKey stream = StreamKey.random(name());
		RequestLog log = new RequestLog(this.runtime.streams(), stream, requestIds, () -> {
			this.running.remove(stream.streamId());
			streamEnded(stream);
			release();
		});
		this.uses.acquire();
		this.running.put(stream.streamId(), log);
		if (this.ended) {
			log.discard();
		}
		return log;
	}

	private void streamEnded(StreamKey stream) {
		for (RunningCall call : this.calls) {
			if (call.log().stream().equals(stream)) {
				call.streamEnded();
			}
		}
	}

	/**
	 * Count requests in that will run the user's code.
	 * @param requests how many
	 * @param limit how many may run and wait
	 * @return whether they may; not, if there are others and all together are too many
	 */
	boolean admit(int requests, int limit) {
		int before = this.handled.getAndUpdate((count) -> fits(count, requests, limit) ? count + requests : count);
		return fits(before, requests, limit);
	}

	/**
	 * Count requests out again that were counted in, and won't begin.
	 * @param requests how many
	 */
	void countOut(int requests) {
		this.handled.addAndGet(-requests);
	}

	private static boolean fits(int running, int requests, int limit) {
		return running == 0 || requests == 0 || running + requests <= limit;
	}

	/**
	 * Begin to handle a request.
	 * @param call the request
	 * @param log the log of its stream
	 * @return the request as it runs, which can be cancelled from now on
	 */
	RunningCall begin(Call call, RequestLog log) {
		RunningCall running = new RunningCall(this.runtime, this, call, log);
		this.calls.add(running);
		return running;
	}

	/**
	 * The handler of a request has ended.
	 * @param call the request
	 */
	void ended(RunningCall call) {
		if (this.calls.remove(call) && call.call().runsUserCode()) {
			this.handled.decrementAndGet();
		}
	}

	/**
	 * Cancel a request, or several that have the same ID in spite of the specification.
	 * @param requestId the request
	 * @return whether it ran on this node and had no response
	 */
	boolean cancel(RequestId requestId) {
		boolean cancelled = false;
		for (RunningCall call : this.calls) {
			cancelled |= call.call().id().equals(requestId) && call.cancel();
		}
		return cancelled;
	}

	/**
	 * Return the writer of a stream, if it is on this node.
	 * @param streamId the stream
	 * @return the log, or {@code null}
	 */
	@Nullable StreamLog log(String streamId) {
		return STANDALONE_STREAM_ID.equals(streamId) ? this.standalone : this.running.get(streamId);
	}

	Collection<RequestLog> running() {
		return this.running.values();
	}

	/**
	 * Return the logs that this node writes.
	 * @return those of the running requests, and the standalone one if there is anything
	 * to it
	 */
	List<StreamLog> logs() {
		List<StreamLog> logs = new ArrayList<>(this.running.values());
		if (this.standalone.isStored() || this.standalone.isConnected()) {
			logs.add(this.standalone);
		}
		return logs;
	}

	/**
	 * Make a connection its stream's only one on this node. It uses this session until it
	 * is {@link #unregister}ed, which may be long after the log of its stream has ended.
	 * @param stream the stream
	 * @param newer the connection
	 */
	void register(StreamKey stream, SseConnection newer) {
		this.uses.acquire();
		SseConnection older = this.readers.put(stream.streamId(), newer);
		if (older != null) {
			if (isStandalone(stream)) {
				this.listening.displaced(false);
			}
			older.abort();
		}
		if (this.ended) {
			newer.close();
		}
	}

	/**
	 * Return the connection of a stream.
	 * @param streamId the stream
	 * @return the newest one on this node, or {@code null}
	 */
	@Nullable SseConnection reader(String streamId) {
		return this.readers.get(streamId);
	}

	void unregister(StreamKey stream, SseConnection gone) {
		if (isStandalone(stream)) {
			// First, or somebody would see that none is and none was there
			this.listening.closing();
		}
		boolean newest = this.readers.remove(stream.streamId(), gone);
		if (newest && isStandalone(stream)) {
			this.listening.closed(gone);
		}
		release();
	}

	/**
	 * Return where the client's notifications are handled. The handler of one may wait
	 * for the client's answers.
	 * @return runs fewer at a time than answers, so that these get through
	 */
	Lane notifications() {
		return this.notifications;
	}

	/**
	 * Return where an answer is handed over to who waits for it. Nobody can tell what
	 * code goes on with it; where that isn't a request's handler, it may well be one that
	 * waits for the client once more.
	 * @param request what is answered, or {@code null} if nobody waits for it
	 * @return runs the handing over
	 */
	Lane answersTo(ServerRequests.@Nullable Pending request) {
		return (request != null && request.asker() == null) ? this.otherAnswers : this.answers;
	}

	/**
	 * Return who listens to the standalone stream.
	 * @return what is known of that here
	 */
	Listening listening() {
		return this.listening;
	}

	private static boolean isStandalone(StreamKey stream) {
		return STANDALONE_STREAM_ID.equals(stream.streamId());
	}

	/**
	 * Have a standalone connection wait until nobody listens. It uses this session until
	 * it is gone.
	 * @param connection the connection
	 */
	void await(SseConnection connection) {
		this.uses.acquire();
		this.listening.wait(connection);
		if (this.ended) {
			connection.close();
		}
	}

	void awaited(SseConnection gone) {
		this.listening.waited(gone);
		release();
	}

	/**
	 * Return the streams that must not expire now.
	 * @return the running requests' streams, and the standalone one while it is read
	 */
	List<StreamKey> streamsToRenew() {
		List<StreamKey> streams = new ArrayList<>();
		for (RequestLog log : this.running.values()) {
			if (log.isStored()) {
				streams.add(log.stream());
			}
		}
		if (this.standalone.isStored() && this.standalone.isConnected()) {
			streams.add(this.standalone.stream());
		}
		return streams;
	}

	/**
	 * Return how far the client has got on the standalone stream, if the store doesn't
	 * know yet.
	 * @return the last event that a connection was sent, or {@code null}
	 */
	@Nullable EventId cursorToNote() {
		EventId delivered = this.standalone.lastDelivered();
		return (delivered == null || delivered.equals(this.notedCursor)) ? null : delivered;
	}

	void cursorNoted(EventId cursor) {
		this.notedCursor = cursor;
	}

	// Use

	/**
	 * Begin to use this session.
	 * @return whether it can be used; if not, it was let go
	 */
	boolean acquire() {
		return this.uses.acquire();
	}

	/**
	 * End a use.
	 */
	void release() {
		this.uses.release();
	}

	/**
	 * Say whether this session has been used since its expiry was put off, and note that
	 * it is put off now.
	 * @return whether it has to be put off
	 */
	boolean takeUsed() {
		return this.uses.takeUsed();
	}

	/**
	 * Let this session go if it isn't used, has nothing that is yet to be stored, and
	 * hasn't been used for a time. Not while its client may be about to listen again: it
	 * would miss what is broadcast meanwhile.
	 * @param timeout how long it may be held without being used
	 * @return whether it can't be used from now on, and has to be ended
	 */
	boolean letGo(Duration timeout) {
		return this.uses.letGo(timeout, this::isIdle);
	}

	private boolean isIdle() {
		return this.standalone.isIdle() && cursorToNote() == null && !this.listening.wasHere()
				&& !this.runtime.serverRequests().isAnyPending(name());
	}

	/**
	 * Say why a stream of this session has ended before the connection began that was to
	 * bring it.
	 * @return what its client is told
	 */
	Rejection whyEnded() {
		if (this.runtime.isLeaving()) {
			return Rejection.SHUTTING_DOWN;
		}
		return this.ended ? Rejection.UNKNOWN_SESSION : Rejection.STREAM_ENDED;
	}

	/**
	 * End the session on this node: connections are closed, and what its requests still
	 * send goes nowhere.
	 */
	void end() {
		this.ended = true;
		this.running.values().forEach(RequestLog::discard);
		this.standalone.discard();
		this.readers.values().forEach(SseConnection::close);
		this.listening.ended();
		// What waits for a client's answer fails now, and that is the user's code
		this.runtime.threads().release(this.sdkSession::close);
	}

}
