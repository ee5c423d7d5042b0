package io.github.mcppersist.redis;

import java.util.List;

import io.lettuce.core.RedisURI;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
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
			.map((node) -> uri(node, configuration, factory.getClientConfiguration()))
			.toList();
	}

	private static RedisURI uri(RedisStandaloneConfiguration node, RedisStaticMasterReplicaConfiguration configuration,
			LettuceClientConfiguration client) {
		RedisURI.Builder uri = RedisURI.Builder.redis(node.getHostName(), node.getPort())
			.withDatabase(configuration.getDatabase())
			.withSsl(client.isUseSsl())
			.withVerifyPeer(client.getVerifyMode())
			.withStartTls(client.isStartTls())
			.withTimeout(client.getCommandTimeout());
		client.getClientName().ifPresent(uri::withClientName);
		String username = configuration.getUsername();
		char[] password = configuration.getPassword().toOptional().orElse(new char[0]);
		if (username != null && !username.isEmpty()) {
			uri.withAuthentication(username, password);
		}
		else if (password.length > 0) {
			uri.withPassword(password);
		}
		client.getRedisCredentialsProviderFactory()
			.ifPresent((credentials) -> uri
				.withAuthentication(credentials.createCredentialsProvider((RedisConfiguration) configuration)));
		return uri.build();
	}

}
