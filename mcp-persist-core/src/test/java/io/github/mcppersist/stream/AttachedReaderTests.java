package io.github.mcppersist.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.stream.SseConnection.State;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link AttachedReader}.
 */
class AttachedReaderTests {

	private static final StreamKey STREAM = new StreamKey("s", "request");

	private final TestStreams streams = new TestStreams(64 * 1024, 8 * 1024 * 1024);

	private final Mailbox mailbox = new Mailbox();

	private final StreamTail tail = new StreamTail(this.streams.context(), this.mailbox, STREAM.streamId(), 1);

	private final StringBuilder sent = new StringBuilder();

	private AttachedReader reader = new AttachedReader(this.mailbox, false);

	@Test
	void isThereUntilItsConnectionIsLetGo() {
		SseConnection connection = connection();
		SseConnection other = connection();
		assertThat(this.reader.isThere()).isFalse();

		assertThat(attach(connection)).isTrue();
		assertThat(inside(() -> this.reader.detach(other))).isFalse();
		assertThat(this.reader.isThere()).isTrue();
		assertThat(inside(() -> this.reader.is(connection))).isTrue();

		assertThat(inside(() -> this.reader.detach(connection))).isTrue();
		assertThat(this.reader.isThere()).isFalse();
		assertThat(inside(() -> this.reader.is(connection))).isFalse();
	}

	@Test
	void closesTheOlderConnection() {
		SseConnection older = connection();
		SseConnection newer = connection();

		attach(older);
		attach(newer);

		assertThat(older.isDone()).isTrue();
		assertThat(newer.isDone()).isFalse();
		assertThat(inside(() -> this.reader.is(newer))).isTrue();
	}

	@Test
	void keepsTheConnectionThatItHasIfANewerOneHasEndedAlready() {
		SseConnection older = connection();
		SseConnection newer = connection();
		attach(older);
		newer.abort();

		assertThat(attach(newer)).isFalse();

		assertThat(older.isDone()).isFalse();
		assertThat(inside(() -> this.reader.is(older))).isTrue();
	}

	@Test
	void handsOverWhatIsStored() {
		attach(live());

		run(() -> this.reader.stored(List.of(event("one", 1), event("two", 2))));

		assertThat(this.sent).containsSubsequence("id: ", "data: one", "id: ", "data: two");
	}

	@Test
	void offersWhatIsNotStored() {
		attach(live());

		offer("one", StreamTail.Kind.MESSAGE);

		assertThat(this.sent).contains("data: one").doesNotContain("id: ");
	}

	@Test
	void offersNothingThatAConnectionHasRead() {
		attach(live());

		run(() -> {
			StreamTail.Entry entry = this.tail.add(TestStreams.bytes("one"), StreamTail.Kind.MESSAGE, null);
			this.tail.find(Set.of(entry.event().id()));
			this.reader.offer(entry);
		});

		assertThat(this.sent).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void offersNothingButResponsesWhereUnstoredMessagesAreRefused(boolean refused) {
		this.reader = new AttachedReader(this.mailbox, refused);
		attach(live());

		offer("progress", StreamTail.Kind.MESSAGE);
		offer("response", StreamTail.Kind.RESPONSE);

		assertThat(this.sent.indexOf("progress") < 0).isEqualTo(refused);
		assertThat(this.sent).contains("response");
	}

	@Test
	void endsBehindTheLastEvent() {
		SseConnection connection = live();
		attach(connection);

		offer("response", StreamTail.Kind.RESPONSE);
		assertThat(connection.state()).isEqualTo(State.LIVE);
		offer("last", StreamTail.Kind.LAST);

		assertThat(connection.isDone()).isTrue();
		assertThat(this.sent).containsSubsequence("response", "last");
	}

	@Test
	void hasNothingToSayOfMessagesIfNoneAreDropped() {
		attach(live());

		assertThatNoException().isThrownBy(() -> run(() -> this.reader.dropped(List.of())));
	}

	@Test
	void endsItsConnection() {
		SseConnection finished = live();
		attach(finished);
		run(() -> this.reader.finish());
		SseConnection closed = live();
		attach(closed);
		run(() -> this.reader.close());

		assertThat(finished.isDone()).isTrue();
		assertThat(closed.isDone()).isTrue();
	}

	@Test
	void tellsNobodyIfThereIsNoConnection() {
		assertThatNoException().isThrownBy(() -> run(() -> {
			this.reader.stored(List.of(event("one", 1)));
			this.reader.storeIsAway();
			this.reader.storeRefuses();
			this.reader.dropped(List.of(EventId.next(STREAM.streamId(), 1)));
			this.reader.displaced(List.of(event("one", 1)));
			this.reader.look();
			this.reader.end();
			this.reader.closeForResume();
			this.reader.close();
			this.reader.finish();
		}));
		offer("last", StreamTail.Kind.LAST);

		assertThat(this.sent).isEmpty();
	}

	private boolean attach(SseConnection connection) {
		return inside(() -> this.reader.attach(connection));
	}

	private void offer(String message, StreamTail.Kind kind) {
		run(() -> this.reader.offer(this.tail.add(TestStreams.bytes(message), kind, null)));
	}

	private static Event event(String message, long sequence) {
		return new Event(EventId.next(STREAM.streamId(), sequence), TestStreams.bytes(message));
	}

	private SseConnection connection() {
		return this.streams.connection(STREAM, null, this.mailbox);
	}

	private SseConnection live() {
		SseConnection connection = connection();
		run(connection::beginLive);
		connection.openWhenWatched(new Client());
		return connection;
	}

	private void run(Runnable task) {
		inside(() -> {
			task.run();
			return true;
		});
	}

	// What it throws, the test throws
	private <T> T inside(Supplier<T> task) {
		AtomicReference<T> result = new AtomicReference<>();
		AtomicReference<RuntimeException> failure = new AtomicReference<>();
		this.mailbox.execute(() -> {
			try {
				result.set(task.get());
			}
			catch (RuntimeException ex) {
				failure.set(ex);
			}
		});
		if (failure.get() != null) {
			throw failure.get();
		}
		return result.get();
	}

	/**
	 * Takes all that comes.
	 */
	private final class Client implements SseOutput.Response {

		@Override
		public void send(byte[] frames) {
			throw new AssertionError("It is streamed");
		}

		@Override
		public void stream(Publisher<byte[]> chunks) {
			Flux.from(chunks)
				.subscribe((chunk) -> AttachedReaderTests.this.sent.append(new String(chunk, StandardCharsets.UTF_8)));
		}

		@Override
		public void refuse() {
		}

	}

}
