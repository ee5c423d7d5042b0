package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.UnreadablePayloadException;

/**
 * Reports payloads that can't be opened: each to the observers, and in the log once a
 * minute at most, since one wrong key makes all of them unreadable. Thread-safe.
 */
final class UnreadablePayloads implements BiConsumer<PayloadPlace, UnreadablePayloadException> {

	private static final Logger logger = LoggerFactory.getLogger(UnreadablePayloads.class);

	private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

	private final EndpointObserver observer;

	private final LongSupplier nanoTime;

	private final AtomicLong notBefore;

	private final AtomicLong unlogged = new AtomicLong();

	UnreadablePayloads(EndpointObserver observer, LongSupplier nanoTime) {
		this.observer = observer;
		this.nanoTime = nanoTime;
		this.notBefore = new AtomicLong(nanoTime.getAsLong());
	}

	@Override
	public void accept(PayloadPlace place, UnreadablePayloadException failure) {
		this.observer.payloadUnreadable(place.kind());
		long now = this.nanoTime.getAsLong();
		long due = this.notBefore.get();
		if (now - due < 0 || !this.notBefore.compareAndSet(due, now + INTERVAL_NANOS)) {
			this.unlogged.incrementAndGet();
			logger.debug("Another payload can't be opened ({})", place.kind(), failure);
			return;
		}
		logger.atWarn()
			.addKeyValue("mcp.payload.kind", place.kind())
			.log("{} can't be opened ({}): {}. See whether all instances have the same keys. {} more since the last "
					+ "line; logged once a minute",
					(place.kind() == PayloadPlace.Kind.NODE_MESSAGE) ? "What another instance says"
							: "A payload in the store",
					place.kind(), failure.getMessage(), this.unlogged.getAndSet(0), failure.getCause());
	}

}
