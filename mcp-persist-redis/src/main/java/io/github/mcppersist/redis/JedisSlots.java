package io.github.mcppersist.redis;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;

import org.apache.commons.pool2.PooledObjectFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.ClusterSlotHashUtil;
import org.springframework.data.redis.connection.RedisConnection;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionPool;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.providers.ClusterConnectionProvider;

/**
 * Which server of a Cluster has which slot, as Jedis itself knows it, whose calls go
 * there. It looks again when a call is redirected or fails.
 */
final class JedisSlots {

	private final ClusterConnectionProvider provider;

	private JedisSlots(ClusterConnectionProvider provider) {
		this.provider = provider;
	}

	/**
	 * Find out whether a connection knows the slots.
	 * @param connection a connection of the application's factory
	 * @return the slots, or {@code null} if this Jedis doesn't say
	 */
	static @Nullable JedisSlots of(RedisConnection connection) {
		return (connection.getNativeConnection() instanceof UnifiedJedis jedis
				&& JedisSubscription.provider(jedis) instanceof ClusterConnectionProvider provider)
						? new JedisSlots(provider) : null;
	}

	/**
	 * Say which server holds a key.
	 * @param key the key, or a channel
	 * @return host and port, or {@link RedisLink#NO_SERVER} if none is known
	 */
	String server(byte[] key) {
		return name(this.provider.getNode(ClusterSlotHashUtil.calculateSlot(key)));
	}

	/**
	 * Return the servers that hold slots.
	 * @return as {@link #server} has them
	 */
	Collection<String> servers() {
		Set<HostAndPort> nodes = new LinkedHashSet<>();
		for (int slot = 0; slot < ClusterSlotHashUtil.SLOT_COUNT; slot++) {
			nodes.add(this.provider.getNode(slot));
		}
		return nodes.stream().map(JedisSlots::name).toList();
	}

	private static String name(@Nullable HostAndPort node) {
		return (node != null) ? node.toString() : RedisLink.NO_SERVER;
	}

	/**
	 * Publish a message by the server that has the slot of its channel, as if that were a
	 * key. Jedis would take any, and so one that is away.
	 * @param channel the channel
	 * @param message the message
	 */
	void publish(byte[] channel, byte[] message) {
		try (Connection connection = this.provider.getConnectionFromSlot(ClusterSlotHashUtil.calculateSlot(channel))) {
			connection.sendCommand(Protocol.Command.PUBLISH, channel, message);
			Objects.requireNonNull(connection.getIntegerReply());
		}
	}

	/**
	 * Open one connection to a server, beside those that the application has in its pool,
	 * and close it. Takes as long as the application's Jedis does.
	 * @param server the server
	 * @throws Exception if it can't be opened
	 */
	void connect(String server) throws Exception {
		ConnectionPool pool = this.provider.getNodes().get(server);
		if (pool != null) {
			PooledObjectFactory<Connection> factory = pool.getFactory();
			factory.destroyObject(factory.makeObject());
		}
	}

	/**
	 * Look where the slots are. Takes as long as the application's Jedis does to find a
	 * server that answers.
	 */
	void look() {
		this.provider.renewSlotCache();
	}

}
