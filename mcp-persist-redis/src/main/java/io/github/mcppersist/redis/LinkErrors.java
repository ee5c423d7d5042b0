package io.github.mcppersist.redis;

import java.util.concurrent.atomic.AtomicBoolean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Errors that a thread of a link met, and that must not end what it is there for. The
 * first is logged: a class that is missing will be missed again.
 */
final class LinkErrors {

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private final AtomicBoolean logged = new AtomicBoolean();

	void met(Throwable failure) {
		if (failure instanceof Error && this.logged.compareAndSet(false, true)) {
			logger.warn("An error keeps this instance from connecting to Redis, and that is tried again", failure);
		}
	}

}
