package io.github.mcppersist.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RespClient;

/**
 * The ways in which a Redis fails.
 */
enum RedisOutage {

	STOPPED {

		@Override
		void begin(RedisServer redis) {
			redis.stop();
		}

		@Override
		void end(RedisServer redis) {
			redis.startAgain();
		}

	},

	KILLED_WITHOUT_DATA {

		@Override
		void begin(RedisServer redis) {
			redis.kill();
		}

		@Override
		void end(RedisServer redis) {
			redis.startAgain();
		}

		@Override
		boolean losesData() {
			return true;
		}

	},

	PAUSED {

		@Override
		void begin(RedisServer redis) {
			redis.pause();
		}

		@Override
		void end(RedisServer redis) {
			redis.resume();
		}

	},

	OUT_OF_MEMORY {

		@Override
		void begin(RedisServer redis) {
			redis.cli("CONFIG", "SET", "maxmemory", "1");
		}

		@Override
		void end(RedisServer redis) {
			redis.cli("CONFIG", "SET", "maxmemory", "0");
		}

	},

	READ_ONLY_REPLICA {

		@Override
		void begin(RedisServer redis) {
			// Nobody listens there, so that it keeps its own data
			redis.cli("REPLICAOF", "127.0.0.1", "1");
		}

		@Override
		void end(RedisServer redis) {
			redis.cli("REPLICAOF", "NO", "ONE");
		}

	},

	WRONG_PASSWORD {

		@Override
		void begin(RedisServer redis) {
			// At one moment: between, connections that there are would work while others
			// can't be opened
			try (RespClient client = new RespClient(redis.port(), Duration.ofSeconds(30))) {
				client.send("MULTI");
				client.send("CONFIG", "SET", "requirepass", PASSWORD);
				client.send("CLIENT", "KILL", "TYPE", "pubsub");
				client.send("CLIENT", "KILL", "TYPE", "normal");
				client.send("EXEC");
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		@Override
		void end(RedisServer redis) {
			authenticated(redis, "CONFIG", "SET", "requirepass", "");
		}

	};

	private static final String PASSWORD = "changed";

	abstract void begin(RedisServer redis);

	abstract void end(RedisServer redis);

	/**
	 * Say whether what was stored before the outage is gone after it.
	 * @return whether it is gone
	 */
	boolean losesData() {
		return false;
	}

	/**
	 * Return how many connections a server with another password was asked for so far.
	 */
	static long connections(RedisServer redis) {
		String statistics = (String) authenticated(redis, "INFO", "stats");
		return statistics.lines()
			.filter((line) -> line.startsWith("total_connections_received:"))
			.mapToLong((line) -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
			.sum();
	}

	private static Object authenticated(RedisServer redis, String... command) {
		try (RespClient client = new RespClient(redis.port(), Duration.ofSeconds(30))) {
			client.send("AUTH", PASSWORD);
			return client.send(command);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
