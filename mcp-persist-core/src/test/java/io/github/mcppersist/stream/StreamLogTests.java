package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.stream.GatedEventStore.Gate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link StreamLog} and its two kinds.
 */
class StreamLogTests {

	private static final String LARGE = "x".repeat(Senders.BACKLOG_BYTES);

	private static final int LIMIT = 100 * 1024;

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
	void letsASenderGoOnIfTheStoreIsAwayWhenItIsAskedWhatBecameOfACall() {
		this.streams.store().writes(Gate.AWAY);
		send("first", "one");
		this.streams.store().writes(Gate.REFUSE);
		this.streams.store().reads(Gate.WAIT);
		this.streams.threads().pass(StreamContext.RETRY_PAUSE);
		send("second", LARGE);
		send("third", LARGE);
		assertThat(this.sent).containsExactly("first", "second");

		this.streams.store().letThrough(Gate.AWAY);

		assertThat(this.sent).containsExactly("first", "second", "third");
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
	void losesToOneEventThatTheStoreRefusesNoneThatFollows() {
		this.streams.store().writes(Gate.WAIT);
		List.of("one", "two", "three", "four").forEach((message) -> send(message, message));
		this.streams.store().refuse((event) -> new String(event.message()).equals("three"));

		this.streams.store().writes(Gate.OPEN);
		this.streams.store().letThrough();
		send("five", "five");

		// What is in front of a gap goes with it
		assertThat(this.streams.store().writeCalls()).isEqualTo(7);
		assertThat(stored()).containsExactly("four", "five");
	}

	@Test
	void storesTheResponseThoughWhatWasToBeStoredWithItIsRefused() {
		RequestLog request = open(this.streams);
		this.streams.store().writes(Gate.WAIT);
		request.send(TestStreams.REQUEST_ID, TestStreams.bytes("one"), false).subscribe();
		request.send(TestStreams.REQUEST_ID, TestStreams.bytes("two"), false).subscribe();
		request.send(TestStreams.REQUEST_ID, TestStreams.bytes("response"), true).subscribe();
		this.streams.store().refuse((event) -> new String(event.message()).equals("two"));

		this.streams.store().writes(Gate.OPEN);
		this.streams.store().letThrough();

		assertThat(stored(this.streams, request)).contains("response").doesNotContain("two");
		assertThat(request.isComplete()).isTrue();
	}

	/**
	 * A reader there waits for what will never be stored, and isn't told of what is.
	 */
	@Test
	void tellsOtherNodesOfAStreamThatHasLostEvents() {
		List<String> told = new ArrayList<>();
		TestStreams streams = TestStreams.telling(told::add);
		RequestLog first = streams.request("first", new ArrayList<>());
		RequestLog second = streams.request("second", new ArrayList<>());
		List.of(first, second).forEach((log) -> log.open().block());
		streams.threads().pass(Duration.ofSeconds(1));
		assertThat(told).isEmpty();

		for (RequestLog log : List.of(first, second)) {
			streams.store().failNextWrite(new StreamNotFoundException(log.stream()));
			sendThree(log);
		}
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(told).hasSize(2).allMatch((text) -> text.startsWith("g"));
	}

	@Test
	void tellsNobodyThatASessionsFirstEventOpensItsStandaloneStream() {
		List<String> told = new ArrayList<>();
		TestStreams streams = TestStreams.telling(told::add);
		StandaloneLog begins = streams.standalone("begins");
		StandaloneLog restored = streams.standalone(false);

		for (StandaloneLog log : List.of(begins, restored)) {
			SseConnection listening = streams.connection(log.stream(), log, log.mailbox());
			log.mailbox().execute(() -> log.begin(listening, null));
			log.send(null, TestStreams.bytes("one"), false).block();
		}

		assertThat(stored(streams, begins)).containsExactly("one");
		assertThat(stored(streams, restored)).containsExactly("one");
		assertThat(told).isEmpty();
	}

	@Test
	void tellsOtherNodesOfAStandaloneStreamToWhichItsClientMayListenThere() {
		List<String> told = new ArrayList<>();
		TestStreams streams = TestStreams.telling(told::add);

		streams.standalone("begins").send(null, TestStreams.bytes("one"), false).block();

		assertThat(told).singleElement().asString().startsWith("g");
	}

	@Test
	void tellsOtherNodesOfAStandaloneStreamThatHasLostWhatIsStoredOrNoted() {
		List<String> told = new ArrayList<>();
		TestStreams streams = TestStreams.telling(told::add);
		StandaloneLog stored = streams.standalone("stored");
		stored.send(null, TestStreams.bytes("one"), false).block();
		told.clear();
		StandaloneLog noted = new StandaloneLog(streams.context(), new StreamKey("noted", "0"), EventId.next("0", 1),
				false);

		streams.store().failNextWrite(new StreamNotFoundException(stored.stream()));
		stored.send(null, TestStreams.bytes("two"), false).block();
		noted.send(null, TestStreams.bytes("two"), false).block();

		assertThat(told).hasSize(2).allMatch((text) -> text.startsWith("g"));
	}

	@Test
	void failsASenderWhoseMessageIsNotStoredWhenTheStreamEnds() {
		TestStreams streams = TestStreams.refusingUnstored();
		StandaloneLog log = streams.standalone(true);
		List<String> told = new ArrayList<>();
		streams.store().writes(Gate.WAIT);
		log.send(null, TestStreams.bytes("one"), false).subscribe((nothing) -> {
		}, (ex) -> told.add("fails"), () -> told.add("is stored"));

		log.discard();

		assertThat(told).containsExactly("fails");
	}

	@Test
	void failsASenderBehindARefusedResponseThatASlowClientIsYetToBeHanded() {
		TestStreams streams = TestStreams.refusingUnstored();
		RequestId other = new RequestId("2");
		RequestLog request = new RequestLog(streams.context(), new StreamKey("session", "batch"),
				RequestIds.ofBatch(List.of(TestStreams.REQUEST_ID, other)), () -> {
				});
		SseConnection connection = connect(streams, request);
		List.of(LARGE, "two")
			.forEach((message) -> request.send(other, TestStreams.bytes(message), false).block(Duration.ofSeconds(5)));
		assertThat(connection.state()).isEqualTo(SseConnection.State.READING);
		streams.store().refuse((event) -> new String(event.message()).equals("response"));
		List<String> told = new ArrayList<>();

		request.send(TestStreams.REQUEST_ID, TestStreams.bytes("response"), true).block(Duration.ofSeconds(5));
		request.send(other, TestStreams.bytes("three"), false).subscribe((nothing) -> {
		}, (ex) -> told.add("fails"), () -> told.add("is stored"));

		assertThat(told).containsExactly("fails");
		assertThat(request.isIdle()).isFalse();
	}

	@Test
	void callsTheStoreNoMoreOftenTheMoreStreamsAnOutageMeets() {
		this.streams.store().writes(Gate.AWAY);
		for (int i = 0; i < 2000; i++) {
			this.streams.standalone("session-" + i).send(null, TestStreams.bytes("message"), false).subscribe();
		}
		int before = this.streams.store().writeCalls();

		this.streams.threads().pass(Duration.ofSeconds(3));

		assertThat(this.streams.store().writeCalls() - before).isLessThanOrEqualTo(10 * Retries.MAX);
		this.streams.store().writes(Gate.OPEN);
		this.streams.threads().pass(StreamContext.RETRY_PAUSE);
		assertThat(this.streams.context().unstoredBytes()).isZero();
	}

	@Test
	void keepsNoMoreResponsesInAnOutageThanTheEndpointMay() {
		TestStreams streams = new TestStreams(64 * 1024, 1024);
		streams.store().writes(Gate.AWAY);
		List<RequestLog> ended = new ArrayList<>();
		for (int i = 0; i < 1000; i++) {
			RequestLog request = streams.request("request" + i, ended);
			request.send(TestStreams.REQUEST_ID, TestStreams.bytes("response"), true).subscribe();
		}
		assertThat(ended).isEmpty();

		streams.threads().pass(Duration.ofSeconds(3));

		assertThat(ended).hasSizeBetween(985, 999);
		assertThat(streams.context().isStrandedOverfull()).isFalse();
	}

	@Test
	void givesUpFirstInAnOutageWhatAClientHasTaken() {
		TestStreams streams = new TestStreams(64 * 1024, 1024);
		streams.store().writes(Gate.AWAY);
		List<RequestLog> ended = new ArrayList<>();
		List<RequestLog> requests = IntStream.range(0, 6)
			.mapToObj((number) -> streams.request("request" + number, ended))
			.toList();
		RequestLog taken = requests.get(3);
		connect(streams, taken).openSoon(new WholeResponse());
		connect(streams, requests.get(1)).abort();

		requests.forEach(
				(request) -> request.send(TestStreams.REQUEST_ID, TestStreams.bytes("response"), true).subscribe());
		assertThat(taken.isConnected()).isFalse();
		streams.threads().pass(Duration.ofSeconds(3));

		assertThat(ended).containsExactly(taken);
	}

	private static SseConnection connect(TestStreams streams, RequestLog request) {
		SseConnection connection = streams.connection(request.stream(), request, request.mailbox());
		request.mailbox().execute(() -> request.begin(connection));
		return connection;
	}

	@Test
	void waitsInAnOutageForNoneThatHasEnded() {
		this.streams.store().writes(Gate.AWAY);
		List<StandaloneLog> logs = IntStream.range(0, 2 * Retries.MAX)
			.mapToObj((number) -> this.streams.standalone("session-" + number))
			.toList();
		logs.forEach((log) -> log.send(null, TestStreams.bytes("message"), false).subscribe());
		send("last", "message");

		logs.forEach(StreamLog::discard);
		this.streams.store().writes(Gate.OPEN);
		this.streams.threads().pass(StreamContext.RETRY_PAUSE);

		assertThat(stored()).containsExactly("message");
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

	@Test
	void storesOnceWhatIsStoredOnAnotherNodesStreamThoughItWasDroppedInPart() {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		StandaloneLog log = streams.standalone(false);
		streams.store().behind().openStream(log.stream(), null, List.of(otherEvent(log, 1))).block();
		streams.store().openedElsewhere();
		sendThreeOfWhichTheStoreSaysThatItHasNone(streams, log);

		sendLarge(log, "four");
		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(storedNames(streams, log)).containsExactly("other", "one", "two", "three", "four");
		assertThat(log.isIdle()).isTrue();
	}

	@Test
	void keepsWhatAnotherNodeHasStoredThoughItDoesNotKnowWhetherItHasOpenedTheStream() {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		StandaloneLog log = streams.standalone(true);
		sendThreeOfWhichTheStoreSaysThatItHasNone(streams, log);
		streams.store().behind().storeEvents(log.stream(), List.of(otherEvent(log, 4))).block();

		sendLarge(log, "four");
		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(storedNames(streams, log)).containsExactly("one", "two", "three", "other", "four");
	}

	@Test
	void beginsAnewBehindWhatWasDroppedAndIsNotStored() {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		StandaloneLog log = streams.standalone(true);
		streams.store().writes(Gate.AWAY);
		List.of("one", "two", "three", "four").forEach((name) -> sendLarge(log, name));

		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(storedNames(streams, log)).containsExactly("two", "three", "four");
		assertThat(streams.read(log.stream(), null).events().get(0).id().sequence()).isEqualTo(2);
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void keepsWhatIsStoredThoughItWasDroppedInPart(boolean response) {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		RequestLog request = open(streams);
		streams.store().writes(Gate.WAIT);
		List.of("zero", "one", "two", "three").forEach((name) -> sendLarge(request, name));
		String last = response ? "response" : "four";
		byte[] message = TestStreams.bytes(last + " " + LARGE.substring(0, 30 * 1024));
		if (response) {
			request.send(TestStreams.REQUEST_ID, message, true).subscribe();
		}
		streams.store().writes(Gate.DONE_BUT_AWAY);
		streams.store().letThrough(Gate.OPEN);
		streams.store().writes(Gate.AWAY);
		if (!response) {
			request.send(TestStreams.REQUEST_ID, message, false).subscribe();
		}

		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(storedNames(streams, request)).containsExactly("zero", "one", "two", "three", last);
		assertThat(request.isComplete()).isEqualTo(response);
		assertThat(request.isIdle()).isTrue();
	}

	// The first call finds that it can't store there, and all that waits goes with the
	// next one
	private static void sendThreeOfWhichTheStoreSaysThatItHasNone(TestStreams streams, StandaloneLog log) {
		streams.store().writes(Gate.WAIT);
		List.of("one", "two", "three").forEach((name) -> sendLarge(log, name));
		streams.store().writes(Gate.DONE_BUT_AWAY);
		streams.store().letThrough();
		streams.store().writes(Gate.AWAY);
	}

	// Three of these are kept in an outage, and four aren't
	private static void sendLarge(StreamLog log, String name) {
		RequestId requestId = (log instanceof RequestLog) ? TestStreams.REQUEST_ID : null;
		log.send(requestId, TestStreams.bytes(name + " " + "x".repeat(30 * 1024)), false).subscribe();
	}

	private static Event otherEvent(StreamLog log, long sequence) {
		return new Event(EventId.next(log.stream().streamId(), sequence), TestStreams.bytes("other"));
	}

	private static List<String> storedNames(TestStreams streams, StreamLog log) {
		return stored(streams, log).stream().map((message) -> message.split(" ")[0]).toList();
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
		assertThat(stored(this.streams, request)).containsExactly("progress", "response");
	}

	// The others' events are on their way, and 1.6 MB is what all may keep in an outage
	@Test
	void losesNothingToOneFailedCallThoughOthersSendMuch() {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		RequestLog victim = open(streams);
		streams.store().writes(Gate.WAIT);
		List<StreamLog> others = sendMuch(streams, 0);
		assertThat(streams.context().unstoredBytes()).isGreaterThan(16 * LIMIT);

		streams.store().writes(Gate.AWAY);
		sendThree(victim);
		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(stored(streams, victim)).containsExactly("one", "two", "three");
		assertThat(others).noneMatch(StreamLog::isIdle);
	}

	@Test
	void losesNothingInAnOutageInWhichOthersKeepMore() {
		TestStreams streams = new TestStreams(64 * 1024, LIMIT);
		RequestLog victim = open(streams);
		streams.store().writes(Gate.AWAY);
		sendMuch(streams, 0);
		sendThree(victim);
		List<StreamLog> others = sendMuch(streams, 20);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(streams.context().unstoredBytes()).isLessThanOrEqualTo(16 * LIMIT);
		streams.store().writes(Gate.OPEN);
		streams.threads().pass(Duration.ofSeconds(1));

		assertThat(stored(streams, victim)).containsExactly("one", "two", "three");
		assertThat(others).allMatch(StreamLog::isIdle);
		assertThat(streams.context().unstoredBytes()).isZero();
		assertThat(streams.context().maxStrandedBytes()).isEqualTo(Long.MAX_VALUE);
	}

	private static RequestLog open(TestStreams streams) {
		RequestLog request = streams.request();
		request.open().block();
		return request;
	}

	private static void sendThree(RequestLog request) {
		for (String message : List.of("one", "two", "three")) {
			request.send(TestStreams.REQUEST_ID, TestStreams.bytes(message), false).subscribe();
		}
	}

	private static List<StreamLog> sendMuch(TestStreams streams, int first) {
		List<StreamLog> logs = new ArrayList<>();
		for (int i = 0; i < 20; i++) {
			StandaloneLog log = streams.standalone("session-" + (first + i));
			for (int message = 0; message < 3; message++) {
				log.send(null, new byte[30 * 1024], false).subscribe();
			}
			logs.add(log);
		}
		return logs;
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
		return stored(this.streams, this.log);
	}

	private static List<String> stored(TestStreams streams, StreamLog log) {
		return streams.read(log.stream(), null).events().stream().map(Event::message).map(String::new).toList();
	}

	@Test
	void logsOnceAMinuteThatClientsHaveMissedEvents() {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(StreamContext.class);
		logger.setLevel(Level.INFO);
		logger.addAppender(log);
		try {
			IntStream.range(0, 5).forEach((number) -> this.streams.context().gapFound(this.log.stream()));
		}
		finally {
			logger.detachAppender(log);
			logger.setLevel(null);
		}

		assertThat(log.list).singleElement()
			.satisfies((line) -> assertThat(line.getFormattedMessage())
				.startsWith("A client has missed events of stream 0 "));
	}

	/**
	 * Is answered with all of a stream at once.
	 */
	private static final class WholeResponse implements SseOutput.Response {

		@Override
		public void send(byte[] frames) {
		}

		@Override
		public void stream(Publisher<byte[]> chunks) {
			throw new AssertionError("Not at once");
		}

		@Override
		public void refuse() {
			throw new AssertionError("Not at all");
		}

	}

}
