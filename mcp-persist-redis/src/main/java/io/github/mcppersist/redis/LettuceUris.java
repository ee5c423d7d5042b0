package io.github.mcppersist.redis;

import io.lettuce.core.RedisURI;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration.WithAuthentication;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;

/**
 * Says how to connect to a node as {@code LettuceConnectionFactory} would, which keeps
 * that to itself.
 */
final class LettuceUris {

	private LettuceUris() {
	}

	static RedisURI of(String host, int port, WithAuthentication configuration, int database,
			LettuceClientConfiguration client) {
		RedisURI.Builder uri = RedisURI.Builder.redis(host, port)
			.withDatabase(database)
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
