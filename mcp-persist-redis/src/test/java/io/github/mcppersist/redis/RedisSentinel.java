package io.github.mcppersist.redis;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;

import org.awaitility.Awaitility;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * A primary with one replica, watched by a Sentinel that promotes the replica about a
 * second after the primary is gone.
 */
public final class RedisSentinel implements AutoCloseable {

	/**
	 * The name by which clients ask the Sentinel for the primary.
	 */
	public static final String MASTER = "mymaster";

	private static final Duration LIMIT = Duration.ofMinutes(2);

	private final RedisServer primary;

	private final RedisServer replica;

	private final RedisServer sentinel;

	private RedisSentinel(RedisServer primary, RedisServer replica, RedisServer sentinel) {
		this.primary = primary;
		this.replica = replica;
		this.sentinel = sentinel;
	}

	/**
	 * Start the servers and wait until the Sentinel knows both.
	 * @return the running servers
	 */
	public static RedisSentinel start() {
		RedisServer primary = RedisServer.start();
		RedisServer replica = null;
		RedisServer sentinel = null;
		try {
			replica = RedisServer.start("replicaof 127.0.0.1 " + primary.port());
			RedisServer follower = replica;
			Awaitility.await().atMost(LIMIT).until(() -> "up".equals(follower.info("master_link_status")));
			sentinel = RedisServer.startSentinel("sentinel monitor " + MASTER + " 127.0.0.1 " + primary.port() + " 1",
					"sentinel down-after-milliseconds " + MASTER + " 1000",
					"sentinel failover-timeout " + MASTER + " 5000");
			RedisServer watcher = sentinel;
			Awaitility.await()
				.atMost(LIMIT)
				.until(() -> !((List<?>) watcher.cli("SENTINEL", "REPLICAS", MASTER)).isEmpty());
			return new RedisSentinel(primary, replica, sentinel);
		}
		catch (RuntimeException ex) {
			closeAll(sentinel, replica, primary);
			throw ex;
		}
	}

	/**
	 * Return the server that was the primary at first.
	 * @return the first primary
	 */
	public RedisServer primary() {
		return this.primary;
	}

	/**
	 * Return the server that was the replica at first.
	 * @return the first replica
	 */
	public RedisServer replica() {
		return this.replica;
	}

	/**
	 * Return the Sentinel's address, as {@code spring.data.redis.sentinel.nodes} takes
	 * it.
	 * @return {@code host:port}
	 */
	public String address() {
		return "127.0.0.1:" + this.sentinel.port();
	}

	/**
	 * Kill the first primary and wait until the replica has taken its place.
	 */
	public void failOver() {
		this.primary.kill();
		String promoted = String.valueOf(this.replica.port());
		Awaitility.await()
			.atMost(LIMIT)
			// Sentinel closes all connections to what it promotes
			.ignoreExceptionsInstanceOf(UncheckedIOException.class)
			.until(() -> "master".equals(this.replica.info("role"))
					&& ((List<?>) this.sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)).contains(promoted));
	}

	@Override
	public void close() {
		closeAll(this.sentinel, this.replica, this.primary);
	}

	private static void closeAll(RedisServer... servers) {
		for (RedisServer server : servers) {
			if (server != null) {
				server.close();
			}
		}
	}

}
