package io.github.mcppersist.observe;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What errors of one store mean, such as a class that is missing: nobody knows whether
 * the call was carried out, as if the store were out of reach. So it is made again.
 */
final class StoreErrors {

	private static final Logger logger = LoggerFactory.getLogger(StoreErrors.class);

	private final String store;

	private final BiFunction<String, Throwable, ? extends RuntimeException> unavailable;

	private final AtomicBoolean warned = new AtomicBoolean();

	/**
	 * Say what errors of a store mean.
	 * @param store the store's class
	 * @param unavailable creates what the store fails with if it is out of reach
	 */
	StoreErrors(Class<?> store, BiFunction<String, Throwable, ? extends RuntimeException> unavailable) {
		this.store = store.getName();
		this.unavailable = unavailable;
	}

	/**
	 * Return what a call has failed with.
	 * @param error what the store has thrown, or failed with
	 * @return that it isn't known whether the call was carried out
	 */
	Throwable unknown(Error error) {
		Level level = this.warned.compareAndSet(false, true) ? Level.WARN : Level.DEBUG;
		logger.atLevel(level)
			.setCause(error)
			.log("The store {} fails with an error, and is treated as out of reach. Logged once", this.store);
		return this.unavailable.apply("The store has failed with an error: " + error, error);
	}

}
