package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;

/**
 * A session as this node holds it: the SDK's session, the logs of its running requests,
 * and the log of its standalone stream. Thread-safe; the endpoint's table owns it, and
 * {@link #end()} closes what it holds.
 */
final class Session {

	/**
	 * Every session has one standalone stream, which is found without being told its ID.
	 */
	private static final String STANDALONE_STREAM_ID = "0";

	private static final String FIRST_VERSION_WITH_PRIMING = "2025-11-25";

	private final EndpointRuntime runtime;

	private final McpStreamableServerSession sdkSession;

	private final boolean priming;

	private final StreamLog standalone;

	private final Map<String, StreamLog> running = new ConcurrentHashMap<>();

	private volatile long lastUsedNanos = System.nanoTime();

	private volatile boolean ended;

	Session(EndpointRuntime runtime, McpJsonMapper jsonMapper, McpStreamableServerSession sdkSession,
			String protocolVersion) {
		this.runtime = runtime;
		this.sdkSession = sdkSession;
		this.priming = protocolVersion.compareTo(FIRST_VERSION_WITH_PRIMING) >= 0;
		this.standalone = new StreamLog(runtime, new StreamKey(sdkSession.getId(), STANDALONE_STREAM_ID), null, () -> {
		});
		// One permanent writer: what is sent while no connection is open is stored too
		sdkSession.listeningStream(new LogTransport(jsonMapper, () -> this.standalone));
	}

	String id() {
		return this.sdkSession.getId();
	}

	McpStreamableServerSession sdkSession() {
		return this.sdkSession;
	}

	/**
	 * Say whether the client knows priming events, and so that a server may close a
	 * connection before the response.
	 * @return whether its protocol version is 2025-11-25 or later
	 */
	boolean isPriming() {
		return this.priming;
	}

	StreamLog standalone() {
		return this.standalone;
	}

	/**
	 * Begin the log of a request.
	 * @param requestId the JSON text of the request's ID
	 * @return the log, which leaves this session by itself when it ends
	 */
	StreamLog begin(String requestId) {
		touch();
		StreamKey stream = StreamKey.random(id());
		StreamLog log = new StreamLog(this.runtime, stream, requestId, () -> {
			this.running.remove(stream.streamId());
			touch();
		});
		this.running.put(stream.streamId(), log);
		if (this.ended) {
			log.discard();
		}
		return log;
	}

	/**
	 * Return the writer of a stream, if it is on this node.
	 * @param streamId the stream
	 * @return the log, or {@code null}
	 */
	@Nullable StreamLog log(String streamId) {
		return STANDALONE_STREAM_ID.equals(streamId) ? this.standalone : this.running.get(streamId);
	}

	Collection<StreamLog> running() {
		return this.running.values();
	}

	/**
	 * Return the streams that must not expire now.
	 * @return the running requests' streams, and the standalone one while it is read
	 */
	List<StreamKey> streamsToRenew() {
		List<StreamKey> streams = new ArrayList<>();
		for (StreamLog log : this.running.values()) {
			if (log.isStored()) {
				streams.add(log.stream());
			}
		}
		if (this.standalone.isStored() && this.standalone.isConnected()) {
			streams.add(this.standalone.stream());
		}
		return streams;
	}

	void touch() {
		this.lastUsedNanos = System.nanoTime();
	}

	boolean isIdle(Duration timeout) {
		if (!this.running.isEmpty() || this.standalone.isConnected()) {
			touch();
			return false;
		}
		return System.nanoTime() - this.lastUsedNanos > EndpointRuntime.nanos(timeout);
	}

	/**
	 * End the session on this node: connections are closed, and what its requests still
	 * send goes nowhere.
	 */
	void end() {
		this.ended = true;
		this.running.values().forEach(StreamLog::discard);
		this.standalone.discard();
		this.sdkSession.close();
	}

}
