package io.github.mcppersist.test.event;

import java.util.List;
import java.util.UUID;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What every {@link EventStore} must do whose events several nodes share, on top of
 * {@link EventStoreContractTests}: each of two stores is a writer of its own.
 */
public abstract class SharedEventStoreContractTests extends EventStoreContractTests {

	@Test
	void doesNotOpenAStreamThatSomebodyElseOpened() {
		StreamKey stream = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
		List<Event> events = open(store(), stream, 3);

		assertConflict(secondNode().openStream(stream, RequestIds.parse("8"), List.of(priming(stream, 1))), 4, false);

		assertThat(read(store(), stream, events.get(0).id()).events()).containsExactly(events.get(1), events.get(2));
	}

}
