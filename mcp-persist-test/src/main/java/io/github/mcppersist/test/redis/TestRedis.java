package io.github.mcppersist.test.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.DataType;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.zset.Tuple;

/**
 * What {@link RedisExtension} hands to a test: the Redis that all tests of this JVM
 * share, and a key prefix that is the test's own.
 */
public final class TestRedis implements AutoCloseable {

	private static final Duration JEDIS_LIMIT = Duration.ofSeconds(60);

	private final String uri;

	private final String keyPrefix = "test-" + UUID.randomUUID() + ":";

	private final List<DisposableBean> factories = new ArrayList<>();

	private RedisConnectionFactory own;

	/**
	 * Create a key prefix in a Redis.
	 * @param uri its address
	 */
	public TestRedis(String uri) {
		this.uri = uri;
	}

	static String setting(String property) {
		String variable = property.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
		String value = System.getProperty(property, System.getenv(variable));
		return (value == null || value.isBlank()) ? null : value;
	}

	/**
	 * Return the address, as {@code spring.data.redis.url} takes it.
	 * @return the URI
	 */
	public String uri() {
		return this.uri;
	}

	/**
	 * Return a key prefix that no other test uses.
	 * @return the prefix, with its colon
	 */
	public String keyPrefix() {
		return this.keyPrefix;
	}

	/**
	 * Open a Lettuce connection factory with an application's usual settings.
	 * @return a factory that is closed when the test ends
	 */
	public RedisConnectionFactory lettuce() {
		LettuceConnectionFactory factory = new LettuceConnectionFactory(configuration());
		factory.afterPropertiesSet();
		factory.start();
		this.factories.add(factory);
		return connected(factory);
	}

	/**
	 * Open a Jedis connection factory with an application's usual settings, but for
	 * Jedis' own time limits: its two seconds would end what a store's own limit, which
	 * tests choose for busy machines, lets wait. They are Lettuce's minute here.
	 * @return a factory that is closed when the test ends
	 */
	public RedisConnectionFactory jedis() {
		JedisConnectionFactory factory = new JedisConnectionFactory(configuration(),
				JedisClientConfiguration.builder()
					.connectTimeout(JEDIS_LIMIT)
					.readTimeout(JEDIS_LIMIT)
					.usePooling()
					.build());
		factory.afterPropertiesSet();
		factory.start();
		this.factories.add(factory);
		return connected(factory);
	}

	// The first connection of a JVM may take its time, since its classes are loaded for
	// it
	private static RedisConnectionFactory connected(RedisConnectionFactory factory) {
		factory.getConnection().close();
		return factory;
	}

	/**
	 * Let time pass for what has this test's key prefix: it expires so much sooner.
	 * @param duration how much time
	 */
	public void elapse(Duration duration) {
		long millis = duration.toMillis();
		if (this.own == null) {
			this.own = lettuce();
		}
		try (RedisConnection connection = this.own.getConnection()) {
			for (byte[] key : connection.keyCommands().keys((this.keyPrefix + "*").getBytes(StandardCharsets.UTF_8))) {
				long left = connection.keyCommands().pTtl(key);
				if (left > millis) {
					connection.keyCommands().pExpire(key, left - millis);
				}
				else if (left > 0) {
					connection.keyCommands().del(key);
				}
				if (connection.keyCommands().type(key) == DataType.ZSET) {
					// Scores that are milliseconds are the times at which members expire
					for (Tuple member : connection.zSetCommands().zRangeByScoreWithScores(key, 1e12, 1e13)) {
						connection.zSetCommands().zIncrBy(key, -millis, member.getValue());
					}
				}
			}
		}
	}

	private RedisStandaloneConfiguration configuration() {
		return (RedisStandaloneConfiguration) LettuceConnectionFactory.createRedisConfiguration(this.uri);
	}

	@Override
	public void close() throws Exception {
		for (DisposableBean factory : this.factories) {
			factory.destroy();
		}
	}

}
