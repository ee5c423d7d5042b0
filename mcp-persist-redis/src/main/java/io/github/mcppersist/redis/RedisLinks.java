package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.ClassUtils;

/**
 * Chooses the way to Redis. Neither Lettuce nor another driver needs to be there, so the
 * classes that know one are loaded only once it is seen.
 */
final class RedisLinks {

	private static final boolean LETTUCE = ClassUtils.isPresent("io.lettuce.core.RedisClient",
			RedisLinks.class.getClassLoader());

	private RedisLinks() {
	}

	static RedisLink of(RedisConnectionFactory factory) {
		if (LETTUCE && Lettuce.supports(factory)) {
			return Lettuce.link(factory);
		}
		return new BlockingLink(factory);
	}

	private static final class Lettuce {

		static boolean supports(RedisConnectionFactory factory) {
			return factory instanceof LettuceConnectionFactory;
		}

		static RedisLink link(RedisConnectionFactory factory) {
			return new LettuceLink((LettuceConnectionFactory) factory);
		}

	}

}
