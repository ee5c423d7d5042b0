package io.github.mcppersist.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.redis.RedisEventStore;

/**
 * Our own store, as the transport calls it: every event is made anew, and a replay goes
 * page by page.
 */
final class StoreEventLog implements EventLog {

	private static final int PAGE_BYTES = 512 << 10;

	private final RedisEventStore store;

	private @Nullable EventId first;

	StoreEventLog(RedisConnectionFactory connectionFactory) {
		this(connectionFactory, Duration.ofSeconds(5));
	}

	StoreEventLog(RedisConnectionFactory connectionFactory, Duration timeout) {
		this.store = RedisEventStore.builder(connectionFactory).timeout(timeout).build();
	}

	@Override
	public void open(StreamKey stream) {
		this.first = EventId.next(stream.streamId(), 1);
		this.store.openStream(stream, RequestIds.parse("1"), List.of(Event.priming(this.first))).block();
	}

	@Override
	public void append(StreamKey stream, long sequence,
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		Event event = new Event(EventId.next(stream.streamId(), sequence), MESSAGE);
		this.store.storeEvents(stream, List.of(event))
			.subscribe(null, (failure) -> acknowledged.accept(null, failure), () -> acknowledged.accept(null, null));
	}

	@Override
	public int replay(StreamKey stream) {
		int count = 0;
		EventId cursor = this.first;
		EventPage page;
		do {
			page = Objects.requireNonNull(this.store.replayEventsAfter(stream, cursor, PAGE_BYTES).block());
			count += page.events().size();
			cursor = page.lastEventId();
		}
		while (page.rest() == EventPage.Rest.STORED);
		return count;
	}

	@Override
	public void close() {
		this.store.close();
	}

}
