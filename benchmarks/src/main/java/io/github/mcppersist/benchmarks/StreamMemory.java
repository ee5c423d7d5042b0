package io.github.mcppersist.benchmarks;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Asks Redis what the keys of a stream take.
 */
final class StreamMemory {

	/**
	 * As long as the ID of a real session.
	 */
	private static final String SESSION = "Txy6cF8OTQyfQ4ofPC2eEA";

	private final RedisServer server;

	StreamMemory(RedisServer server) {
		this.server = server;
	}

	/**
	 * Write one stream and measure it.
	 * @param contender how to write it
	 * @param events how many events the stream has, the priming event included
	 * @return the bytes of its keys, without those that the streams of a session share
	 */
	long of(Contender contender, int events) {
		StreamKey stream = StreamKey.random(SESSION);
		try (BenchmarkRedis redis = new BenchmarkRedis(); EventLog log = redis.open(contender)) {
			redis.clear();
			log.open(stream);
			for (int sequence = 2; sequence <= events; sequence++) {
				CompletableFuture<Void> done = new CompletableFuture<>();
				log.append(stream, sequence, EventLog.completing(done));
				done.join();
			}
		}
		return sum("*" + stream.streamId() + "*");
	}

	private long sum(String pattern) {
		long bytes = 0;
		for (Object key : (List<?>) this.server.cli("KEYS", pattern)) {
			bytes += (Long) this.server.cli("MEMORY", "USAGE", (String) key, "SAMPLES", "0");
		}
		return bytes;
	}

}
