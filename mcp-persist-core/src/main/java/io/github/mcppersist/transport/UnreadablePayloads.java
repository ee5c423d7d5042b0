package io.github.mcppersist.transport;

import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.UnreadablePayloadException;
import io.github.mcppersist.stream.LogLimit;

/**
 * Reports payloads that can't be opened: each to the observers, and in the log once a
 * minute at most, since one wrong key makes all of them unreadable. Thread-safe.
 */
final class UnreadablePayloads implements BiConsumer<PayloadPlace, UnreadablePayloadException> {

	private static final Logger logger = LoggerFactory.getLogger(UnreadablePayloads.class);

	private final EndpointObserver observer;

	private final LogLimit limit;

	UnreadablePayloads(EndpointObserver observer, LongSupplier nanoTime) {
		this.observer = observer;
		this.limit = new LogLimit(nanoTime);
	}

	@Override
	public void accept(PayloadPlace place, UnreadablePayloadException failure) {
		this.observer.payloadUnreadable(place.kind());
		if (!this.limit.log((unlogged) -> warn(place, failure, unlogged))) {
			logger.debug("Another payload can't be opened ({})", place.kind(), failure);
		}
	}

	private static void warn(PayloadPlace place, UnreadablePayloadException failure, long unlogged) {
		logger.atWarn()
			.addKeyValue("mcp.payload.kind", place.kind())
			.log("{} can't be opened ({}): {}. See whether all instances have the same keys. {} more since the last "
					+ "line; logged once a minute",
					(place.kind() == PayloadPlace.Kind.NODE_MESSAGE) ? "What another instance says"
							: "A payload in the store",
					place.kind(), failure.getMessage(), unlogged, failure.getCause());
	}

}
