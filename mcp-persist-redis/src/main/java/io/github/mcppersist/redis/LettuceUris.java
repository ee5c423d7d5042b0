package io.github.mcppersist.redis;

import java.time.Duration;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.DirectFieldAccessor;
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

	/**
	 * Say where a client connects to, with a time limit of our own. It has that from the
	 * factory, and keeps it to itself.
	 * @param client the client
	 * @param limit how long connecting may take
	 * @return a copy, or {@code null} if it can't be told
	 */
	static @Nullable RedisURI of(RedisClient client, Duration limit) {
		DirectFieldAccessor fields = new DirectFieldAccessor(client);
		if (!fields.isReadableProperty("redisURI")
				|| !(fields.getPropertyValue("redisURI") instanceof RedisURI applications)) {
			return null;
		}
		RedisURI.Builder uri = RedisURI.builder(applications).withTimeout(atMost(applications.getTimeout(), limit));
		if (applications.getSentinelMasterId() != null) {
			uri.withSentinelMasterId(applications.getSentinelMasterId());
		}
		// They get the same limit
		applications.getSentinels().forEach((sentinel) -> uri.withSentinel(RedisURI.builder(sentinel).build()));
		return uri.build();
	}

	static Duration atMost(Duration applications, Duration limit) {
		boolean shorter = applications.compareTo(limit) < 0 && !applications.isZero();
		return shorter ? applications : limit;
	}

}
