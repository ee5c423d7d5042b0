package io.github.mcppersist.redis;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.SslOptions;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The drivers that an application may have, with their own defaults but for the time
 * limits of Jedis, which are as long as Lettuce's: the store must not depend on them.
 */
enum Driver {

	LETTUCE {

		@Override
		RedisConnectionFactory open(RedisConfiguration configuration) {
			return started(
					new LettuceConnectionFactory(configuration, LettuceClientConfiguration.defaultConfiguration()));
		}

		@Override
		RedisConnectionFactory openTls(RedisStandaloneConfiguration configuration, Path certificate) {
			LettuceClientConfiguration.LettuceClientConfigurationBuilder client = LettuceClientConfiguration.builder();
			if (certificate != null) {
				File file = certificate.toFile();
				client.clientOptions(
						ClientOptions.builder().sslOptions(SslOptions.builder().trustManager(file).build()).build());
			}
			return started(new LettuceConnectionFactory(configuration, client.useSsl().build()));
		}

		private static RedisConnectionFactory started(LettuceConnectionFactory factory) {
			factory.afterPropertiesSet();
			factory.start();
			return factory;
		}

	},

	JEDIS {

		@Override
		RedisConnectionFactory open(RedisConfiguration configuration) {
			JedisClientConfiguration client = client().build();
			if (configuration instanceof RedisClusterConfiguration cluster) {
				return started(new JedisConnectionFactory(cluster, client));
			}
			if (configuration instanceof RedisSentinelConfiguration sentinel) {
				return started(new JedisConnectionFactory(sentinel, client));
			}
			return started(new JedisConnectionFactory((RedisStandaloneConfiguration) configuration, client));
		}

		private static JedisClientConfiguration.JedisClientConfigurationBuilder client() {
			return JedisClientConfiguration.builder()
				.connectTimeout(Duration.ofSeconds(60))
				.readTimeout(Duration.ofSeconds(60))
				.usePooling()
				.and();
		}

		@Override
		RedisConnectionFactory openTls(RedisStandaloneConfiguration configuration, Path certificate) {
			JedisClientConfiguration.JedisSslClientConfigurationBuilder client = client().useSsl();
			if (certificate != null) {
				client.sslSocketFactory(trusting(certificate));
			}
			return started(new JedisConnectionFactory(configuration, client.and().build()));
		}

		private static SSLSocketFactory trusting(Path certificate) {
			try (InputStream input = Files.newInputStream(certificate)) {
				KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
				trusted.load(null, null);
				trusted.setCertificateEntry("redis",
						CertificateFactory.getInstance("X.509").generateCertificate(input));
				TrustManagerFactory managers = TrustManagerFactory
					.getInstance(TrustManagerFactory.getDefaultAlgorithm());
				managers.init(trusted);
				SSLContext context = SSLContext.getInstance("TLS");
				context.init(null, managers.getTrustManagers(), null);
				return context.getSocketFactory();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
			catch (GeneralSecurityException ex) {
				throw new IllegalStateException("Can't trust " + certificate, ex);
			}
		}

		private static RedisConnectionFactory started(JedisConnectionFactory factory) {
			factory.afterPropertiesSet();
			factory.start();
			return factory;
		}

	};

	/**
	 * Open a connection factory as an application has it.
	 */
	abstract RedisConnectionFactory open(RedisConfiguration configuration);

	/**
	 * Open a connection factory that uses TLS.
	 * @param certificate what to trust, or {@code null} for what the JDK trusts
	 */
	abstract RedisConnectionFactory openTls(RedisStandaloneConfiguration configuration, Path certificate);

}
