package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.StreamKey;

/**
 * Puts off the expiry of streams, and of what the index of their session says of them.
 */
final class StreamRenewal {

	private static final int BATCH = 100;

	private static final int BATCHES_UNDER_WAY = 16;

	private static final long RUNNING = 1;

	private static final long COMPLETE = 2;

	private final RedisNode node;

	private final StreamBounds bounds;

	private final StreamTtls ttls;

	StreamRenewal(RedisNode node, StreamBounds bounds, StreamTtls ttls) {
		this.node = node;
		this.bounds = bounds;
		this.ttls = ttls;
	}

	Mono<Void> renew(Collection<StreamKey> streams) {
		Map<String, List<StreamKey>> sessions = new HashMap<>();
		for (StreamKey stream : streams) {
			sessions.computeIfAbsent(stream.sessionName(), (id) -> new ArrayList<>()).add(stream);
		}
		List<Mono<Void>> renewals = new ArrayList<>();
		sessions.forEach((sessionName, ofSession) -> {
			for (int i = 0; i < ofSession.size(); i += BATCH) {
				List<StreamKey> batch = ofSession.subList(i, Math.min(i + BATCH, ofSession.size()));
				renewals.add(Mono.create((sink) -> renew(sessionName, batch, sink)));
			}
		});
		return Flux.fromIterable(renewals).flatMapDelayError((renewal) -> renewal, BATCHES_UNDER_WAY, 1).then();
	}

	/**
	 * A complete stream was read: whoever does that may be about to read more of it, or
	 * to come back for what it is sent now. Nothing depends on this, so it is done once
	 * an eighth of the time has passed, and no read waits for it.
	 * @param stream the stream
	 * @param keptMillis how long it is kept
	 */
	void readComplete(StreamKey stream, long keptMillis) {
		if (keptMillis < this.ttls.completedMillis() - this.ttls.completedMillis() / StreamBounds.RENEWALS) {
			renewInBackground(stream);
		}
	}

	/**
	 * Put off the expiry of a stream. If that fails, it is put off another time.
	 * @param stream the stream
	 */
	void renewInBackground(StreamKey stream) {
		Mono.<Void>create((sink) -> renew(stream.sessionName(), List.of(stream), sink)).onErrorComplete().subscribe();
	}

	private void renew(String sessionName, List<StreamKey> streams, MonoSink<Void> sink) {
		byte[][] keys = new byte[1 + streams.size()][];
		byte[][] arguments = new byte[4 + streams.size()][];
		keys[0] = RedisKeys.bytes(this.node.keys().streams(sessionName));
		arguments[0] = this.ttls.running();
		arguments[1] = this.ttls.completed();
		arguments[2] = this.ttls.runningIndexed();
		arguments[3] = this.ttls.index();
		for (int i = 0; i < streams.size(); i++) {
			keys[1 + i] = RedisKeys.bytes(this.node.keys().stream(streams.get(i)));
			arguments[4 + i] = RedisKeys.bytes(streams.get(i).streamId());
		}
		this.node.write(LuaScript.RENEW, 0, keys, arguments, (reply, failure) -> {
			if (reply == null) {
				sink.error(RedisNode.failed(failure));
				return;
			}
			for (int i = 0; i < streams.size(); i++) {
				long outcome = (Long) reply.get(i);
				if (outcome == RUNNING || outcome == COMPLETE) {
					this.bounds.renewed(streams.get(i), outcome == COMPLETE);
				}
			}
			sink.success();
		});
	}

}
