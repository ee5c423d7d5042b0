package io.github.mcppersist.redis;

import java.time.Duration;

/**
 * How long what belongs to streams is kept, in milliseconds as Redis takes them.
 *
 * @param running a running stream
 * @param index the index of a session's running streams
 * @param completed a complete stream
 * @param tombstone the tombstone of a session
 */
record StreamTtls(byte[] running, byte[] index, byte[] completed, long tombstone) {

	static StreamTtls of(Duration timeToLive, Duration completedTimeToLive) {
		long running = timeToLive.toMillis();
		long completed = completedTimeToLive.toMillis();
		// A running stream is kept longer by as long as an append may leave it as it is;
		// the index outlives a stream that was written to just before its owner died.
		return new StreamTtls(RedisNode.number(running + running / StreamBounds.RENEWALS),
				RedisNode.number(2 * running), RedisNode.number(completed), 2 * running + completed);
	}

}
