package io.github.mcppersist.redis;

import java.util.List;

import io.lettuce.core.RedisURI;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The nodes of a static master/replica setup. Its native client doesn't know them, unlike
 * that of every other setup, and the connection factory keeps the configuration that does
 * to itself, so it is read from the field.
 */
final class StaticNodes {

	private StaticNodes() {
	}

	static List<RedisURI> of(LettuceConnectionFactory factory) {
		if (factory.getSentinelConfiguration() != null || factory.getClusterConfiguration() != null
				|| factory.getSocketConfiguration() != null || !(new DirectFieldAccessor(factory).getPropertyValue(
						"configuration") instanceof RedisStaticMasterReplicaConfiguration configuration)) {
			return List.of();
		}
		return configuration.getNodes()
			.stream()
			.map((node) -> LettuceUris.of(node.getHostName(), node.getPort(), configuration,
					configuration.getDatabase(), factory.getClientConfiguration()))
			.toList();
	}

}
