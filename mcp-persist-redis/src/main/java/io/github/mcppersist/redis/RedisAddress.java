package io.github.mcppersist.redis;

import java.util.Collection;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.NamedNode;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.ClassUtils;

/**
 * Where a connection factory connects to, for people: hosts and ports, and never
 * credentials.
 */
final class RedisAddress {

	private static final boolean LETTUCE = ClassUtils.isPresent("io.lettuce.core.RedisClient",
			RedisAddress.class.getClassLoader());

	private static final boolean JEDIS = ClassUtils.isPresent("redis.clients.jedis.UnifiedJedis",
			RedisAddress.class.getClassLoader());

	private static final String CLUSTER = "the Cluster of ";

	private static final String SENTINELS = "of the Sentinels ";

	private RedisAddress() {
	}

	/**
	 * Describe the address.
	 * @param factory the connection factory
	 * @return such as {@code localhost:6379} or {@code localhost:6380 (TLS)}
	 */
	static String of(RedisConnectionFactory factory) {
		if (LETTUCE && Lettuce.supports(factory)) {
			return Lettuce.address(factory);
		}
		if (JEDIS && Jedis.supports(factory)) {
			return Jedis.address(factory);
		}
		return "the address of " + factory.getClass().getName();
	}

	/**
	 * Return which database is used.
	 * @param factory the connection factory
	 * @return its number, and 0 if it isn't known
	 */
	static int database(RedisConnectionFactory factory) {
		if (LETTUCE && Lettuce.supports(factory)) {
			return Lettuce.database(factory);
		}
		return (JEDIS && Jedis.supports(factory)) ? Jedis.database(factory) : 0;
	}

	/**
	 * Return which of Spring Boot's properties lead to an address.
	 * @param address the address, as {@link #of} has it, or that of a node there
	 * @return their names
	 */
	static String properties(String address) {
		if (address.contains(CLUSTER)) {
			return "spring.data.redis.cluster.nodes";
		}
		// Boot passes host and port over where there is a URL
		return address.contains(SENTINELS) ? "spring.data.redis.sentinel.nodes"
				: "spring.data.redis.host and .port, or spring.data.redis.url, which goes before them where it is set";
	}

	private static String sentinel(RedisSentinelConfiguration configuration) {
		NamedNode master = configuration.getMaster();
		return "the primary " + ((master != null) ? "'" + master.getName() + "' " : "") + SENTINELS
				+ list(configuration.getSentinels());
	}

	private static String cluster(RedisClusterConfiguration configuration) {
		return CLUSTER + list(configuration.getClusterNodes());
	}

	private static String list(Collection<RedisNode> nodes) {
		return nodes.stream().map((node) -> node.getHost() + ":" + node.getPort()).collect(Collectors.joining(", "));
	}

	private static String address(@Nullable RedisSentinelConfiguration sentinel,
			@Nullable RedisClusterConfiguration cluster, String otherwise, boolean tls) {
		String address = (sentinel != null) ? sentinel(sentinel) : (cluster != null) ? cluster(cluster) : otherwise;
		return tls ? address + " (TLS)" : address;
	}

	private static final class Lettuce {

		static boolean supports(RedisConnectionFactory factory) {
			return factory instanceof LettuceConnectionFactory;
		}

		static String address(RedisConnectionFactory factory) {
			LettuceConnectionFactory lettuce = (LettuceConnectionFactory) factory;
			return RedisAddress.address(lettuce.getSentinelConfiguration(), lettuce.getClusterConfiguration(),
					single(lettuce), lettuce.isUseSsl());
		}

		static int database(RedisConnectionFactory factory) {
			return ((LettuceConnectionFactory) factory).getDatabase();
		}

		private static String single(LettuceConnectionFactory factory) {
			if (factory.getSocketConfiguration() != null) {
				return "the socket " + factory.getSocketConfiguration().getSocket();
			}
			String nodes = StaticNodes.of(factory)
				.stream()
				.map((uri) -> uri.getHost() + ":" + uri.getPort())
				.collect(Collectors.joining(", "));
			return nodes.isEmpty() ? factory.getHostName() + ":" + factory.getPort() : "the primary among " + nodes;
		}

	}

	private static final class Jedis {

		static boolean supports(RedisConnectionFactory factory) {
			return factory instanceof JedisConnectionFactory;
		}

		static int database(RedisConnectionFactory factory) {
			return ((JedisConnectionFactory) factory).getDatabase();
		}

		static String address(RedisConnectionFactory factory) {
			JedisConnectionFactory jedis = (JedisConnectionFactory) factory;
			return RedisAddress.address(jedis.getSentinelConfiguration(), jedis.getClusterConfiguration(),
					jedis.getHostName() + ":" + jedis.getPort(), jedis.isUseSsl());
		}

	}

}
