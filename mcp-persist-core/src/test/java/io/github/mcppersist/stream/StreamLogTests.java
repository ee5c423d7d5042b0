package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.stream.GatedEventStore.Gate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link StreamLog} and its two kinds.
 */
class StreamLogTests {

	private static final String LARGE = "x".repeat(Senders.BACKLOG_BYTES);

	private final TestStreams streams = new TestStreams(64 * 1024, 8 * 1024 * 1024);

	private final StandaloneLog log = this.streams.standalone(true);

	private final List<String> sent = new ArrayList<>();

	@Test
	void letsASenderWaitWhileTheStoreIsSlower() {
		this.streams.store().writes(Gate.WAIT);
		send("first", LARGE);
		send("second", LARGE);

		assertThat(this.sent).containsExactly("first");

		this.streams.store().writes(Gate.OPEN);
		this.streams.store().letThrough();

		assertThat(this.sent).containsExactly("first", "second");
	}

	@Test
	void letsSendersGoOnIfTheStoreRefusesTwice() {
		this.streams.store().writes(Gate.WAIT);
		send("first", LARGE);
		send("second", LARGE);
		send("third", LARGE);

		this.streams.store().writes(Gate.REFUSE);
		this.streams.store().letThrough();

		assertThat(this.sent).containsExactly("first", "second", "third");
		assertThat(this.log.isIdle()).isTrue();
	}

	@Test
	void storesOnBehindWhatWasRefused() {
		send("first", "one");
		this.streams.store().writes(Gate.REFUSE);
		send("second", "two");
		this.streams.store().writes(Gate.OPEN);
		send("third", "three");

		assertThat(stored()).containsExactly("three");
	}

	@Test
	void storesOnceWhatTheStoreHasDoneThoughItSaidOtherwise() {
		this.streams.store().writes(Gate.DONE_BUT_AWAY);
		send("first", "one");
		this.streams.store().writes(Gate.OPEN);
		this.streams.threads().pass(Duration.ofSeconds(1));
		send("second", "two");

		assertThat(stored()).containsExactly("one", "two");
	}

	@ParameterizedTest
	@ValueSource(strings = { "open", "store", "complete" })
	void endsThoughTheStoreHasMetAnErrorOnce(String call) {
		RequestLog request = this.streams.request();
		throwOnce(call.equals("open"), () -> request.open().onErrorComplete().subscribe());
		throwOnce(call.equals("store"),
				() -> request.send(TestStreams.REQUEST_ID, TestStreams.bytes("progress"), false).subscribe());

		throwOnce(call.equals("complete"),
				() -> request.send(TestStreams.REQUEST_ID, TestStreams.bytes("response"), true).subscribe());

		assertThat(request.isComplete()).isTrue();
		assertThat(stored(request)).containsExactly("progress", "response");
	}

	private void throwOnce(boolean really, Runnable call) {
		this.streams.store().writes(really ? Gate.THROW : Gate.OPEN);
		call.run();
		this.streams.store().writes(Gate.OPEN);
		this.streams.threads().pass(Duration.ofSeconds(1));
	}

	private void send(String name, String message) {
		this.log.send(null, TestStreams.bytes(message), false).subscribe((nothing) -> {
		}, (ex) -> this.sent.add(name + " fails"), () -> this.sent.add(name));
	}

	private List<String> stored() {
		return stored(this.log);
	}

	private List<String> stored(StreamLog log) {
		return this.streams.read(log.stream(), null).events().stream().map(Event::message).map(String::new).toList();
	}

}
