package io.github.mcppersist.benchmarks;

import java.util.List;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The connections to the Redis of the benchmarks, which holds nothing else. Its port
 * comes to a forked JVM as a system property.
 */
final class BenchmarkRedis implements AutoCloseable {

	static final String PORT_PROPERTY = "mcp.persist.benchmarks.port";

	private final LettuceConnectionFactory connectionFactory;

	private final StatefulRedisConnection<String, String> connection;

	BenchmarkRedis() {
		int port = Integer.getInteger(PORT_PROPERTY, 6379);
		this.connectionFactory = new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", port));
		this.connectionFactory.afterPropertiesSet();
		this.connectionFactory.start();
		this.connection = ((RedisClient) this.connectionFactory.getRequiredNativeClient()).connect();
	}

	LettuceConnectionFactory connectionFactory() {
		return this.connectionFactory;
	}

	EventLog open(Contender contender) {
		return contender.open(this.connectionFactory);
	}

	/**
	 * Run a script that was loaded.
	 * @param digest what {@link #load} has returned
	 * @param key its key
	 * @param arguments its arguments
	 * @return its reply
	 */
	List<Object> run(String digest, String key, String... arguments) {
		return this.connection.sync().evalsha(digest, ScriptOutputType.MULTI, new String[] { key }, arguments);
	}

	String load(String script) {
		return this.connection.sync().scriptLoad(script);
	}

	/**
	 * Drop all keys. The scripts stay.
	 */
	void clear() {
		this.connection.sync().flushall();
	}

	@Override
	public void close() {
		this.connection.close();
		this.connectionFactory.destroy();
	}

}
