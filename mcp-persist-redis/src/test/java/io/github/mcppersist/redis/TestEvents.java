package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.StreamKey;

/**
 * What the tests of this package store.
 */
final class TestEvents {

	/**
	 * A time limit that a slow machine keeps.
	 */
	static final Duration PATIENT = Duration.ofSeconds(15);

	private TestEvents() {
	}

	static List<Event> priming(StreamKey stream) {
		return List.of(Event.priming(EventId.next(stream.streamId(), 1)));
	}

	static Event event(StreamKey stream, long sequence, int size) {
		return new Event(EventId.next(stream.streamId(), sequence),
				("\"" + "x".repeat(size - 2) + "\"").getBytes(StandardCharsets.UTF_8));
	}

	static <T> T block(Mono<T> mono) {
		return mono.block(Duration.ofSeconds(50));
	}

}
