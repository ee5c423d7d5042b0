package io.github.mcppersist.redis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import redis.clients.jedis.BinaryJedisPubSub;
import redis.clients.jedis.Connection;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.util.Pool;

/**
 * A subscription with Jedis that can be ended whether Redis answers or not. Jedis waits
 * for what is published without a time limit and ignores interrupts, so it is the
 * connection that has to be closed; and since neither Jedis nor Spring Data gives away
 * the connection of a subscription, this one takes it from where Jedis takes it. The pool
 * then connects anew, which ends within the time limits of the application's Jedis.
 */
final class JedisSubscription extends BinaryJedisPubSub {

	private static final Logger logger = LoggerFactory.getLogger(JedisSubscription.class);

	private final byte[][] channels;

	private final RedisLink.Subscriber subscriber;

	private JedisSubscription(byte[][] channels, RedisLink.Subscriber subscriber) {
		this.channels = channels;
		this.subscriber = subscriber;
	}

	static boolean supports(RedisConnection connection) {
		Object jedis = connection.getNativeConnection();
		return jedis instanceof Jedis || (jedis instanceof UnifiedJedis unified && provider(unified) != null);
	}

	/**
	 * Subscribe, and return once the subscription has ended.
	 * @param connection a supported connection
	 * @param channels the channels
	 * @param subscriber is told what comes
	 * @param ending gets what ends the subscription, from any thread
	 */
	static void run(RedisConnection connection, byte[][] channels, RedisLink.Subscriber subscriber,
			Consumer<Runnable> ending) {
		JedisSubscription subscription = new JedisSubscription(channels, subscriber);
		Object jedis = connection.getNativeConnection();
		if (jedis instanceof Jedis single) {
			subscription.run(single.getConnection(), ending);
			return;
		}
		ConnectionProvider provider = Objects.requireNonNull(provider((UnifiedJedis) jedis));
		try (Connection own = provider.getConnection()) {
			subscription.run(own, ending);
		}
	}

	static boolean isJedis(RedisConnectionFactory factory) {
		return factory instanceof JedisConnectionFactory;
	}

	static boolean isCluster(RedisConnectionFactory factory) {
		return factory instanceof JedisConnectionFactory jedis && jedis.getClusterConfiguration() != null;
	}

	/**
	 * Return how many connections there can be.
	 * @param factory the factory
	 * @return the number, or -1 if it isn't known
	 */
	static int poolSize(RedisConnectionFactory factory) {
		return (factory instanceof JedisConnectionFactory jedis && jedis.getUsePool() && jedis.getPoolConfig() != null)
				? jedis.getPoolConfig().getMaxTotal() : -1;
	}

	/**
	 * Close the connections that nobody uses, so that the next calls go where new ones
	 * lead.
	 * @param factory the factory
	 * @param connection a connection of it
	 * @return whether there is a pool
	 */
	static boolean clearPool(RedisConnectionFactory factory, RedisConnection connection) {
		if (connection.getNativeConnection() instanceof UnifiedJedis unified) {
			ConnectionProvider provider = provider(unified);
			// With Sentinel, too: that provider has one, and no method for it
			return provider != null && clearPool(new DirectFieldAccessor(provider));
		}
		return clearPool(new DirectFieldAccessor(factory));
	}

	private static boolean clearPool(DirectFieldAccessor fields) {
		if (fields.isReadableProperty("pool") && fields.getPropertyValue("pool") instanceof Pool<?> pool) {
			pool.clear();
			return true;
		}
		return false;
	}

	static @Nullable ConnectionProvider provider(UnifiedJedis jedis) {
		DirectFieldAccessor fields = new DirectFieldAccessor(jedis);
		return (fields.isReadableProperty("provider")
				&& fields.getPropertyValue("provider") instanceof ConnectionProvider provider) ? provider : null;
	}

	@Override
	public void onSubscribe(byte[] channel, int subscribedChannels) {
		// Channels are confirmed one by one.
		if (subscribedChannels >= this.channels.length) {
			this.subscriber.subscribed();
		}
	}

	@Override
	public void onMessage(byte[] channel, byte[] message) {
		this.subscriber.published(new String(message, StandardCharsets.UTF_8));
	}

	private void run(Connection connection, Consumer<Runnable> ending) {
		ending.accept(() -> end(connection));
		proceed(connection, this.channels);
	}

	private static void end(Connection connection) {
		try {
			connection.forceDisconnect();
		}
		catch (IOException ex) {
			logger.debug("The connection was gone already", ex);
		}
	}

}
