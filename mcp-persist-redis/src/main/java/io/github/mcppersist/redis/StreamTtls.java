package io.github.mcppersist.redis;

import java.time.Duration;

/**
 * How long what belongs to streams is kept, in milliseconds as Redis takes them.
 *
 * @param running a running stream
 * @param completed a complete stream
 * @param runningIndexed a running stream in the index of its session's streams, if it
 * completes before it would expire
 * @param index the index of a session's streams
 * @param tombstone the tombstone of a session
 * @param completedMillis a complete stream, as a number
 */
record StreamTtls(byte[] running, byte[] completed, byte[] runningIndexed, byte[] index, long tombstone,
		long completedMillis) {

	static StreamTtls of(Duration timeToLive, Duration completedTimeToLive) {
		long running = timeToLive.toMillis();
		long completed = completedTimeToLive.toMillis();
		// A running stream is kept longer by as long as an append may leave it as it is;
		// the index outlives a stream that was written to just before its owner died, and
		// one that was read to the end just before it had to go
		long kept = running + running / StreamBounds.RENEWALS;
		long all = 2 * running + completed;
		return new StreamTtls(RedisNode.number(kept), RedisNode.number(completed), RedisNode.number(kept + completed),
				RedisNode.number(all), all, completed);
	}

}
