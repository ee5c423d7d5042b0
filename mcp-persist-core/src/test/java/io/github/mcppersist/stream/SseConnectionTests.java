package io.github.mcppersist.stream;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.stream.GatedEventStore.Gate;
import io.github.mcppersist.stream.SseConnection.State;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Walks the table of states of {@link SseConnection}: a class for each row, with a test
 * for each cell.
 */
class SseConnectionTests {

	private static final Duration A_WHILE = Duration.ofSeconds(5);

	/**
	 * A page has one message of this size, and two fill the buffer.
	 */
	private static final String LARGE = "x".repeat(300);

	private final TestStreams streams = new TestStreams(600, 8 * 1024 * 1024);

	private final GatedEventStore store = this.streams.store();

	private final Client client = new Client();

	private StreamLog log = this.streams.standalone(true);

	private Mailbox mailbox = this.log.mailbox();

	/**
	 * Whether the writer is on the connection's node.
	 */
	private boolean attached = true;

	private int readsBefore;

	private SseConnection connection = this.streams.connection(this.log.stream(), this.log, this.mailbox);

	@ParameterizedTest
	@CsvSource({ "STARTING,", "READING,", "ADRIFT,LIVE", "LIVE,LIVE", "WATCHING,LIVE", "ENDING,", "CLOSED,ABANDONED" })
	void endsAResumeThatComesToRestOrIsClosed(State state, @Nullable ResumeOutcome outcome) {
		assertThat(state.outcome()).isEqualTo(outcome);
	}

	@Test
	void becomesWhatTheTablesOfItsStatesSayAndNothingElse() throws IOException {
		String source = Files
			.readString(Path.of("src", "main", "java", "io", "github", "mcppersist", "stream", "SseConnection.java"));
		String javadoc = source.substring(0, source.indexOf("public final class"));
		List<String> tables = within("table", javadoc);
		Map<State, Set<State>> said = new EnumMap<>(State.class);

		for (List<String> row : rows(tables.get(0))) {
			State state = named(row.get(0)).iterator().next();
			said.put(state, named(String.join(" ", row.subList(1, row.size()))));
		}
		for (List<String> row : rows(tables.get(1))) {
			Set<State> states = named(row.get(1));
			if (row.get(1).startsWith("any")) {
				states.add(State.CLOSED);
				states = EnumSet.complementOf(EnumSet.copyOf(states));
			}
			states.forEach((state) -> said.get(state).addAll(named(row.get(2))));
		}

		said.forEach((state, next) -> next.remove(state));
		assertThat(said).containsOnlyKeys(State.values());
		assertThat(said).allSatisfy((state, next) -> assertThat(next).isEqualTo(state.next()));
	}

	private static List<List<String>> rows(String table) {
		return within("tr", table).stream()
			.map((row) -> within("td", row))
			.filter((cells) -> !cells.isEmpty())
			.toList();
	}

	private static List<String> within(String tag, String text) {
		return Pattern.compile("<" + tag + ">(.*?)</" + tag + ">", Pattern.DOTALL)
			.matcher(text)
			.results()
			.map((found) -> found.group(1))
			.toList();
	}

	private static Set<State> named(String text) {
		return Pattern.compile("\\{@code ([A-Z]+)}")
			.matcher(text)
			.results()
			.map((found) -> State.valueOf(found.group(1)))
			.collect(Collectors.toCollection(() -> EnumSet.noneOf(State.class)));
	}

	// How it gets there

	private void isStarting() {
		this.store.reads(Gate.WAIT);
		begin(null);
		assertThat(state()).isEqualTo(State.STARTING);
	}

	private void isReading() {
		send(LARGE);
		send(LARGE);
		this.client.takeNothing();
		this.log.mailbox().execute(() -> ((StandaloneLog) this.log).begin(this.connection, null));
		this.connection.openWhenWatched(this.client);
		assertThat(state()).isEqualTo(State.READING);
	}

	private void isAdrift() {
		this.store.reads(Gate.AWAY);
		this.store.writes(Gate.AWAY);
		begin(null);
		assertThat(state()).isEqualTo(State.ADRIFT);
	}

	private void isLive() {
		begin(null);
		assertThat(state()).isEqualTo(State.LIVE);
		this.readsBefore = this.store.readCalls();
	}

	private EventId isWatching() {
		EventId last = openRequest();
		use(null);
		resume(last, new PageReader.Page(this.streams.read(this.connection.stream(), last)));
		assertThat(state()).isEqualTo(State.WATCHING);
		return last;
	}

	private void isLiveOnARequestsStream() {
		RequestLog request = this.streams.request();
		use(request);
		request.mailbox().execute(() -> request.begin(this.connection));
		this.connection.openWhenWatched(this.client);
		request.open().block();
		assertThat(state()).isEqualTo(State.LIVE);
	}

	private void isReadingARequestsStream() {
		this.client.takeNothing();
		isLiveOnARequestsStream();
		send(LARGE);
		send(LARGE);
		send("four");
		assertThat(state()).isEqualTo(State.READING);
	}

	private void refuse(String message) {
		this.store.refuse((event) -> new String(event.message(), StandardCharsets.UTF_8).equals(message));
	}

	private EventId openRequest() {
		RequestLog request = this.streams.request();
		use(request);
		request.open().block();
		EventId last = request.lastStored();
		assertThat(last).isNotNull();
		return last;
	}

	private void respond(String response) {
		this.log.send(TestStreams.REQUEST_ID, TestStreams.bytes(response), true).block();
	}

	private void use(@Nullable StreamLog log) {
		this.attached = log != null;
		this.log = (log != null) ? log : this.log;
		this.mailbox = (log != null) ? log.mailbox() : new Mailbox();
		this.connection = this.streams.connection(this.log.stream(), log, this.mailbox);
	}

	private Event otherEvent(long sequence) {
		return new Event(EventId.next(this.log.stream().streamId(), sequence), TestStreams.bytes("other"));
	}

	private void renew() {
		use(this.log);
	}

	private void begin(@Nullable EventId noted) {
		this.log.mailbox().execute(() -> ((StandaloneLog) this.log).begin(this.connection, noted));
		this.connection.openWhenWatched(this.client);
	}

	private void resume(EventId lastEventId, PageReader.Result found) {
		this.mailbox.execute(() -> {
			if (this.attached) {
				this.log.attach(this.connection);
			}
			this.connection.resume(lastEventId, found);
		});
		this.connection.openWhenWatched(this.client);
	}

	private void send(String message) {
		this.log
			.send((this.log instanceof RequestLog) ? TestStreams.REQUEST_ID : null, TestStreams.bytes(message), false)
			.subscribe();
	}

	private void look() {
		this.mailbox.execute(this.connection::look);
	}

	private void open() {
		this.store.reads(Gate.OPEN);
		this.store.writes(Gate.OPEN);
	}

	private void letReadsThrough() {
		this.store.reads(Gate.OPEN);
		this.store.letThrough();
	}

	private State state() {
		return this.connection.state();
	}

	private Client client() {
		return this.client;
	}

	private GatedEventStore store() {
		return this.store;
	}

	private TestStreams streams() {
		return this.streams;
	}

	private StreamLog log() {
		return this.log;
	}

	private SseConnection connection() {
		return this.connection;
	}

	@Nested
	class Starting {

		@Test
		void readsWhenAnEventIsStoredHere() {
			isStarting();

			send("one");

			assertThat(state()).isEqualTo(State.STARTING);
			letReadsThrough();
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("one@1");
		}

		@Test
		void readsAgainLaterInAnOutageIfTheWriterHereMayHaveStoredWhatItHasDropped() {
			isLive();
			EventId cursor = ((StandaloneLog) log()).lastDelivered();
			client().go();
			store().writes(Gate.DONE_BUT_AWAY);
			store().reads(Gate.AWAY);
			send("one");
			store().writes(Gate.REFUSE);
			streams().threads().pass(A_WHILE);
			store().writes(Gate.AWAY);
			send("two");
			renew();

			resume(cursor, new PageReader.Away(new IllegalStateException("Away")));

			assertThat(state()).isEqualTo(State.STARTING);
			open();
			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly("@2", "@2", "one@3", "two@4");
		}

		@Test
		void readsAgainIfTheWriterHereHasStoredSomethingSinceNothingWasFound() {
			isStarting();
			send("one");
			store().writes(Gate.AWAY);
			send("two");
			store().reads(Gate.OPEN);

			store().letThrough(Gate.NOT_FOUND);

			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly("one@1", "two");
		}

		@Test
		void isAdriftIfTheWriterHereHasStoredNothing() {
			store().reads(Gate.AWAY);

			begin(null);

			assertThat(state()).isEqualTo(State.ADRIFT);
		}

		@Test
		void readsAgainLaterIfASessionWasRestoredThatMayHaveStoredMore() {
			use(streams().standalone(false));
			store().reads(Gate.AWAY);

			begin(null);

			assertThat(state()).isEqualTo(State.STARTING);
			send("one");
			store().reads(Gate.OPEN);
			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly("one@1");
		}

		@Test
		void readsAtAHint() {
			use(streams().standalone(false));
			store().reads(Gate.AWAY);
			begin(null);
			store().reads(Gate.OPEN);

			look();

			assertThat(state()).isEqualTo(State.LIVE);
		}

		@Test
		void storesOneIdToComeBackWithHoweverOftenItReadsMeanwhile() {
			store().writes(Gate.WAIT);
			begin(null);
			int calls = store().readCalls();

			look();
			look();
			assertThat(store().readCalls()).isGreaterThan(calls);
			open();
			store().letThrough();

			// As if it had read once
			assertThat(client().events).containsExactly("@2");
			assertThat(state()).isEqualTo(State.LIVE);
		}

		@Test
		void isHandedWithoutAnIdWhatTheStoreRefuses() {
			store().writes(Gate.REFUSE);
			begin(null);

			send("one");

			assertThat(state()).isEqualTo(State.ADRIFT);
			assertThat(client().events).containsExactly("one");
		}

		@Test
		void isHandedWhatTheStoreRefusesWhenNothingWasFound() {
			isStarting();
			refuse("one");

			send("one");
			send("two");

			assertThat(client().events).isEmpty();
			store().reads(Gate.OPEN);
			store().letThrough(Gate.NOT_FOUND);
			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly("one", "two", "@2");
		}

		@Test
		void isHandedWhatTheStoreRefusesWhenItHasReadWhatIsStored() {
			send("one");
			isStarting();
			refuse("two");

			send("two");

			letReadsThrough();
			assertThat(client().events).containsExactly("one@1", "two");
		}

		@Test
		void isLiveWhenTheStoreTakesAgainWhatItHasRefusedAndGetsNothingTwice() {
			store().writes(Gate.REFUSE);
			send("before");
			begin(null);
			send("one");
			streams().threads().pass(Duration.ofMinutes(10));
			send("two");
			assertThat(state()).isEqualTo(State.ADRIFT);

			store().writes(Gate.OPEN);
			send("three");
			send("four");
			streams().threads().pass(A_WHILE);

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events.subList(0, 3)).containsExactly("one", "two", "three");
			assertThat(client().events.stream().map((event) -> event.replaceAll("@.*", ""))).containsExactly("one",
					"two", "three", "", "four");
		}

		@Test
		void isLiveWithAnIdToComeBackWithWhenTheStoreTakesWhatItHasRefusedThoughNothingIsSent() {
			store().writes(Gate.REFUSE);
			begin(null);
			streams().threads().pass(Duration.ofMinutes(10));
			assertThat(store().writeCalls()).isLessThan(30);

			store().writes(Gate.OPEN);
			streams().threads().pass(Duration.ofSeconds(31));

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).hasSize(1).allMatch((event) -> event.startsWith("@"));
		}

		@Test
		void isLiveWhenAPageWasAll() {
			send("one");

			begin(null);

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("one@1");
		}

		@Test
		void beginsWithTheOldestEventIfItsPlaceIsGone() {
			send("one");

			begin(EventId.next(streams().standalone(true).stream().streamId(), 1));

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("one@1");
		}

	}

	@Nested
	class Reading {

		@Test
		void readsWhatIsStoredHere() {
			isReading();

			send("three");

			assertThat(client().events).isEmpty();
			client().takeAll();
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly(LARGE + "@1", LARGE + "@2", "three@3");
		}

		@Test
		void readsAgainLaterInAnOutageIfTheWriterHereHasStoredMore() {
			isReading();
			store().reads(Gate.AWAY);

			client().takeAll();

			assertThat(state()).isEqualTo(State.READING);
			assertThat(client().events).containsExactly(LARGE + "@1");
			store().reads(Gate.OPEN);
			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly(LARGE + "@1", LARGE + "@2");
		}

		@Test
		void readsAgainLaterIfTheStoreMeetsAnError() {
			isReading();
			store().reads(Gate.THROW);
			client().takeAll();

			store().reads(Gate.OPEN);
			streams().threads().pass(A_WHILE);

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly(LARGE + "@1", LARGE + "@2");
		}

		@Test
		void isLiveInAnOutageIfNothingIsMissingAndTheWriterIsTheOnlyOne() {
			EventId last = openRequest();
			store().reads(Gate.AWAY);

			resume(last, new PageReader.Away(new IllegalStateException("Away")));

			assertThat(state()).isEqualTo(State.LIVE);
		}

		@Test
		void readsAgainLaterInAnOutageIfTheCursorIsNotWhatTheWriterStoredLast() {
			EventId first = openRequest();
			send("two");
			store().reads(Gate.AWAY);

			resume(first, new PageReader.Away(new IllegalStateException("Away")));

			assertThat(state()).isEqualTo(State.STARTING);
			store().reads(Gate.OPEN);
			streams().threads().pass(A_WHILE);
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@1", "two@2");
		}

		@Test
		void readsOnceMoreAfterAHint() {
			isReading();
			store().reads(Gate.WAIT);
			client().takeAll();
			int calls = store().readCalls();

			look();
			letReadsThrough();

			assertThat(store().readCalls()).isEqualTo(calls + 1);
			assertThat(client().events).containsExactly(LARGE + "@1", LARGE + "@2");
		}

		@Test
		void isNotHandedWhatItsClientHasThoughTheWriterHereWasToldOtherwise() {
			use(streams().standalone(false));
			store().writes(Gate.DONE_BUT_AWAY);
			send("one");
			store().writes(Gate.AWAY);
			Event other = otherEvent(2);
			store().behind().storeEvents(log().stream(), List.of(other)).block();

			resume(other.id(), new PageReader.Page(streams().read(log().stream(), other.id())));
			send("three");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "three");
		}

		@Test
		void isNotHandedWhatIsStoredThoughWhatFollowsCannotBeRead() {
			use(streams().standalone(false));
			store().writes(Gate.DONE_BUT_AWAY);
			send("one");
			store().writes(Gate.AWAY);
			Event other = otherEvent(2);
			store().behind().storeEvents(log().stream(), List.of(other)).block();
			PageReader.Page page = new PageReader.Page(streams().read(log().stream(), other.id()));

			store().failNextRead(new EventsUnreadableException(log().stream(), null, other.id()));
			resume(other.id(), page);
			send("three");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "three");
		}

		@Test
		void isHandedWhatMayHaveBeenTrimmedSinceItWasStored() {
			use(streams().standalone(false));
			store().writes(Gate.AWAY);
			send("one");
			Event other = otherEvent(1);
			store().behind().openStream(log().stream(), null, List.of(other)).block();
			PageReader.Page page = new PageReader.Page(streams().read(log().stream(), other.id()));

			store().failNextRead(new EventsTrimmedException(log().stream(), null));
			resume(other.id(), page);

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@1", "one");
			store().writes(Gate.OPEN);
			streams().threads().pass(A_WHILE);
			assertThat(streams().read(log().stream(), other.id()).events()).extracting((event) -> event.id().sequence())
				.containsExactly(2L);
		}

		@Test
		void isHandedWhatHasLostItsPlaceToAnotherWriter() {
			use(streams().standalone(false));
			store().writes(Gate.AWAY);
			send("one");
			Event other = otherEvent(1);
			store().behind().openStream(log().stream(), null, List.of(other)).block();

			resume(other.id(), new PageReader.Page(streams().read(log().stream(), other.id())));

			assertThat(client().events).containsExactly("@1", "one");
			open();
			streams().threads().pass(A_WHILE);
			// The last ID is that of the event that each new connection gets to come back
			// with
			assertThat(client().events).containsExactly("@1", "one", "@3");
		}

		@Test
		void losesNothingToARefusalOfAPlaceThatHasGoneToAnotherWriterMeanwhile() {
			use(streams().standalone(false));
			store().writes(Gate.AWAY);
			send("one");
			store().writes(Gate.WAIT);
			streams().threads().pass(A_WHILE);
			Event other = otherEvent(1);
			store().behind().openStream(log().stream(), null, List.of(other)).block();
			resume(other.id(), new PageReader.Page(streams().read(log().stream(), other.id())));
			store().writes(Gate.OPEN);

			store().letThrough(Gate.REFUSE);

			assertThat(streams().read(log().stream(), other.id()).events()).extracting((event) -> event.id().sequence())
				.containsExactly(2L);
			assertThat(client().events).containsExactly("@1", "one", "@3");
		}

		@Test
		void isHandedTheResponseThatTheStoreRefusesWhenItHasReadWhatIsStored() {
			isReadingARequestsStream();
			refuse("response");

			respond("response");

			assertThat(log().isEnded()).isFalse();
			client().takeAll();
			assertThat(client().events).containsExactly("@1", LARGE + "@2", LARGE + "@3", "four@4", "response");
			assertThat(client().complete).isTrue();
			assertThat(log().isEnded()).isTrue();
			assertThat(streams().context().unstoredBytes()).isZero();
		}

		@Test
		void isHandedWhatTheStoreRefusesAndWhatFollowsWhenItHasReadWhatIsStored() {
			isReadingARequestsStream();
			refuse("five");

			send("five");
			send("six");

			client().takeAll();
			assertThat(client().events).containsExactly("@1", LARGE + "@2", LARGE + "@3", "four@4", "five", "six@6");
			assertThat(state()).isEqualTo(State.LIVE);
			respond("response");
			assertThat(client().events).endsWith("response@7");
			assertThat(log().isComplete()).isTrue();
		}

		@Test
		void isHandedWhatTheStoreRefusesToAStandaloneStreamWhenItHasReadWhatIsStored() {
			isReading();
			refuse("three");

			send("three");

			client().takeAll();
			assertThat(client().events).containsExactly(LARGE + "@1", LARGE + "@2", "three");
		}

		@Test
		void endsWithNothingMoreThoughTheStoreRefusesTheEndOfACancelledRequest() {
			isReadingARequestsStream();
			store().refuse(Event::isPriming);

			((RequestLog) log()).cancel(TestStreams.REQUEST_ID);

			client().takeAll();
			assertThat(client().events).containsExactly("@1", LARGE + "@2", LARGE + "@3", "four@4");
			assertThat(client().complete).isTrue();
		}

		@Test
		void delaysNoSenderWithWhatTheStoreRefusesAndIsKeptNoMoreThanInAnOutage() {
			isReadingARequestsStream();
			refuse("five");
			send("five");
			String large = "y".repeat(3 * 1024 * 1024);

			for (int i = 0; i < 3; i++) {
				log().send(TestStreams.REQUEST_ID, TestStreams.bytes(large), false).block(A_WHILE);
			}

			assertThat(streams().context().unstoredBytes()).isZero();
			assertThat(streams().read(log().stream(), null).events()).extracting((event) -> event.id().sequence())
				.containsExactly(7L, 8L);
			client().takeAll();
			assertThat(client().events).containsExactly("@1", LARGE + "@2", LARGE + "@3");
			assertThat(client().complete).isTrue();
		}

		@Test
		void letsARefusalBeWhenItsClientGoes() {
			isReadingARequestsStream();
			refuse("response");
			respond("response");

			client().go();

			assertThat(log().isEnded()).isTrue();
			assertThat(log().isIdle()).isTrue();
		}

		@Test
		void leavesWhatTheStoreRefusesToANewerConnection() {
			isReadingARequestsStream();
			EventId cursor = streams().read(log().stream(), null).lastEventId();
			assertThat(cursor).isNotNull();
			refuse("response");
			respond("response");

			renew();
			resume(cursor, new PageReader.Page(streams().read(log().stream(), cursor)));
			client().takeAll();

			assertThat(client().events).endsWith("@4", "response");
			assertThat(client().complete).isTrue();
		}

		@Test
		void isNotClosedForItsClientToComeBackWhileItIsToBeHandedWhatTheStoreRefuses() {
			isReadingARequestsStream();
			refuse("response");
			respond("response");

			log().mailbox().execute(() -> assertThat(connection().closeForResume()).isFalse());

			client().takeAll();
			assertThat(client().events).endsWith("response");
		}

		@Test
		void watchesIfThatWasAllAndTheWriterIsElsewhere() {
			isWatching();

			assertThat(state()).isEqualTo(State.WATCHING);
		}

		@Test
		void endsAtTheEndOfTheStream() {
			EventId first = openRequest();
			respond("response");

			use(null);
			resume(first, new PageReader.Page(streams().read(connection().stream(), first)));

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).containsExactly("response@2");
			assertThat(client().complete).isTrue();
		}

		@Test
		void endsForAGap() {
			isReading();
			Event late = new Event(EventId.next(log().stream().streamId(), 9), TestStreams.bytes("late"));
			store().behind().openStream(log().stream(), null, List.of(late)).block();

			client().takeAll();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).containsExactly(LARGE + "@1");
		}

	}

	@Nested
	class Adrift {

		@Test
		void handsOverWithoutAnIdWhatIsStoredHere() {
			isAdrift();
			store().writes(Gate.OPEN);

			send("one");

			assertThat(state()).isEqualTo(State.ADRIFT);
			assertThat(client().events).containsExactly("one");
		}

		@Test
		void handsOverOnceWhatTheStoreDoesNotTakeAndTheCursorLater() {
			isAdrift();

			send("one");

			assertThat(client().events).containsExactly("one");
			open();
			streams().threads().pass(A_WHILE);
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("one", "@1");
		}

		@Test
		void readsAtAHint() {
			isAdrift();
			open();

			look();

			assertThat(state()).isNotEqualTo(State.ADRIFT);
		}

		@Test
		void isHandedOnceWhatTheStoreRefusesWhenItIsNotAwayAnyMore() {
			isAdrift();
			send("one");
			store().writes(Gate.REFUSE);
			store().reads(Gate.OPEN);
			streams().threads().pass(Duration.ofMinutes(1));

			send("two");

			assertThat(state()).isEqualTo(State.ADRIFT);
			assertThat(client().events).containsExactly("one", "two");
		}

		@Test
		void isNotHandedWhatAnotherConnectionHasReadThoughTheStoreSaidOtherwise() {
			isLive();
			EventId cursor = ((StandaloneLog) log()).lastDelivered();
			store().writes(Gate.DONE_BUT_AWAY);
			store().reads(Gate.AWAY);
			send("one");
			renew();
			resume(cursor, new PageReader.Page(streams().read(log().stream(), cursor)));
			assertThat(client().events).containsExactly("@2", "one", "one@3");
			store().writes(Gate.AWAY);
			renew();

			begin(null);
			send("two");

			assertThat(state()).isEqualTo(State.ADRIFT);
			assertThat(client().events).endsWith("one@3", "@3", "two");
		}

	}

	@Nested
	class Live {

		@Test
		void handsOverTheNextEventThatIsStored() {
			isLive();

			send("one");
			send("two");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "one@3", "two@4");
			assertThat(store().readCalls()).isEqualTo(SseConnectionTests.this.readsBefore);
		}

		@Test
		void isNotHandedWhatItsClientHasThoughTheWriterHereIsToldOtherwiseLater() {
			isLive();
			store().writes(Gate.DONE_AND_WAIT);
			send("one");
			Event other = otherEvent(4);
			store().behind().storeEvents(log().stream(), List.of(other)).block();
			renew();
			resume(other.id(), new PageReader.Page(streams().read(log().stream(), other.id())));

			store().writes(Gate.AWAY);
			store().letThrough();
			send("two");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "@4", "two");
		}

		@Test
		void isNotHandedAgainWhatWasRefusedThoughItIsStored() {
			isLive();
			store().writes(Gate.DONE_BUT_AWAY);
			send("one");
			store().writes(Gate.REFUSE);
			streams().threads().pass(A_WHILE);

			store().writes(Gate.OPEN);
			send("two");

			assertThat(client().events).containsExactly("@2", "one", "@3", "two@4");
			assertThat(streams().read(log().stream(), null).events()).hasSize(2);
		}

		@Test
		void readsWhatAnotherWriterHasStoredInBetween() {
			isLive();
			Event other = otherEvent(3);
			store().behind().storeEvents(log().stream(), List.of(other)).block();

			send("one");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "other@3", "one@4");
		}

		@Test
		void readsIfTheClientIsSlow() {
			isLive();
			client().takeNothing();

			send(LARGE);
			send(LARGE);
			send(LARGE);
			send("four");

			assertThat(state()).isEqualTo(State.READING);
			client().takeAll();
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", LARGE + "@3", LARGE + "@4", LARGE + "@5", "four@6");
		}

		/**
		 * It has no ID to come back with, and nothing is gone.
		 */
		@Test
		void isHandedAllOfAStreamThatIsNotStoredYetHoweverSlowItsClientIs() {
			RequestLog request = streams().request();
			use(request);
			client().takeNothing();
			request.mailbox().execute(() -> request.begin(connection()));
			connection().openWhenWatched(client());
			store().writes(Gate.AWAY);

			List.of(LARGE, LARGE, LARGE, "four").forEach(SseConnectionTests.this::send);
			respond("response");

			client().takeAll();
			assertThat(client().events).containsExactly(LARGE, LARGE, LARGE, "four", "response");
			assertThat(client().complete).isTrue();
		}

		@Test
		void isHandedWhatTheStoreRefusesWhenItsClientHasTakenWhatIsBefore() {
			isLiveOnARequestsStream();
			client().takeNothing();
			List.of("two", LARGE, LARGE).forEach(SseConnectionTests.this::send);
			assertThat(state()).isEqualTo(State.LIVE);
			refuse("five");

			send("five");
			send("six");

			client().takeAll();
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@1", "two@2", LARGE + "@3", LARGE + "@4", "five", "six@6");
		}

		@Test
		void isHandedAllThatTheStoreRefusesHoweverSlowItsClientIs() {
			isLiveOnARequestsStream();
			client().takeNothing();
			store().writes(Gate.REFUSE);

			List.of("two", LARGE, LARGE, LARGE, "six").forEach(SseConnectionTests.this::send);
			respond("response");

			client().takeAll();
			assertThat(client().events).containsExactly("@1", "two", LARGE, LARGE, LARGE, "six", "response");
			assertThat(client().complete).isTrue();
		}

		@Test
		void readsWhatIsStoredBehindWhatWasRefusedIfTheClientIsSlow() {
			isLiveOnARequestsStream();
			client().takeNothing();
			refuse(LARGE);

			List.of("two", LARGE, LARGE, "five", "six").forEach(SseConnectionTests.this::send);
			assertThat(state()).isEqualTo(State.READING);

			client().takeAll();
			assertThat(client().events).containsExactly("@1", "two@2", LARGE, LARGE, "five@5", "six@6");
			assertThat(state()).isEqualTo(State.LIVE);
		}

		@Test
		void repeatsNothingIfAnotherNodeEndsTheStreamBeforeAnythingIsStoredBehindWhatWasRefused() {
			isLiveOnARequestsStream();
			send("two");
			refuse("three");
			send("three");
			store().behind().completeStream(log().stream(), List.of(otherEvent(3))).block();

			send("four");

			assertThat(log().isComplete()).isTrue();
			assertThat(client().events).startsWith("@1", "two@2", "three").doesNotHaveDuplicates();
			assertThat(client().complete).isTrue();
		}

		@Test
		void handsOverWithoutAnIdWhatTheStoreDoesNotTakeAndTheCursorLater() {
			isLive();
			store().writes(Gate.AWAY);

			send("one");

			assertThat(client().events).containsExactly("@2", "one");
			open();
			streams().threads().pass(A_WHILE);
			assertThat(client().events).containsExactly("@2", "one", "@3");
		}

		@Test
		void handsOverWithoutAnIdWhatTheStoreRefusesAlsoToAClientThatHasComeBack() {
			isLive();
			EventId cursor = ((StandaloneLog) log()).lastDelivered();
			client().go();
			store().writes(Gate.REFUSE);
			renew();

			resume(cursor, new PageReader.Page(streams().read(log().stream(), cursor)));
			send("one");
			send("two");

			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).containsExactly("@2", "@2", "one", "two");
		}

		@ParameterizedTest
		@CsvSource({ "AWAY", "OPEN" })
		@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
		void waitsForTheStoreWhenTooMuchHasGoneOutWithoutAnId(Gate reads) {
			RequestLog request = streams().request();
			use(request);
			request.mailbox().execute(() -> request.begin(connection()));
			connection().openWhenWatched(client());
			request.open().block();
			store().writes(Gate.AWAY);
			store().reads(reads);
			for (int i = 0; i <= SseConnection.MAX_AHEAD; i++) {
				send("message " + i);
			}
			int calls = store().readCalls();

			connection().probe();
			streams().threads().pass(Duration.ofSeconds(30));

			assertThat(state()).isEqualTo(State.READING);
			assertThat(client().events).hasSize(SseConnection.MAX_AHEAD + 1).startsWith("@1", "message 0");
			assertThat(store().readCalls() - calls).isBetween(1, (reads == Gate.AWAY) ? 30 : 150);
			open();
			streams().threads().pass(A_WHILE);
			assertThat(state()).isEqualTo(State.LIVE);
			assertThat(client().events).hasSize(SseConnection.MAX_AHEAD + 2)
				.last()
				.isEqualTo("message 10000@" + (SseConnection.MAX_AHEAD + 2));
		}

		@Test
		void readsAtAHint() {
			isLive();
			store().reads(Gate.WAIT);

			look();

			assertThat(state()).isEqualTo(State.READING);
		}

		@Test
		void doesNotReadInAnOutageIfTheWriterIsTheOnlyOne() {
			openRequest();
			log().mailbox().execute(() -> ((RequestLog) log()).begin(connection()));
			store().writes(Gate.AWAY);
			send("two");

			look();

			assertThat(state()).isEqualTo(State.LIVE);
		}

	}

	@Nested
	class Watching {

		@Test
		void readsAtAHint() {
			EventId last = isWatching();

			store().behind()
				.storeEvents(connection().stream(),
						List.of(new Event(last.at(last.sequence() + 1), TestStreams.bytes("two"))))
				.block();

			assertThat(state()).isEqualTo(State.WATCHING);
			assertThat(client().events).containsExactly("@1", "two@2");
		}

		@Test
		void readsWhenItIsTimeToLook() {
			isWatching();
			int calls = store().readCalls();

			streams().threads().pass(Duration.ofSeconds(31));

			assertThat(store().readCalls()).isEqualTo(calls + 1);
			assertThat(state()).isEqualTo(State.WATCHING);
		}

		@Test
		void endsWithAnErrorThatIsNotStoredIfNobodyRunsItsRequestAndTheStoreRefusesItsEnd() {
			isWatching();
			store().writes(Gate.REFUSE);

			connection().tick();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().complete).isTrue();
			assertThat(client().events).hasSize(2)
				.last()
				.asString()
				.contains("\"id\":1", "\"code\":-32603", "The response to the request has been lost")
				.doesNotContain("@");
		}

		@Test
		void endsItsRequestLaterIfNobodyRunsItAndTheStoreIsAway() {
			isWatching();
			store().writes(Gate.AWAY);
			connection().tick();
			assertThat(state()).isEqualTo(State.WATCHING);

			store().writes(Gate.OPEN);
			connection().tick();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).hasSize(2).last().asString().contains("-32603").endsWith("@2");
		}

		@Test
		void endsForAGapIfNobodyRunsItsRequestAndItsStreamIsGone() {
			isWatching();
			store().failNextWrite(new StreamNotFoundException(connection().stream()));
			store().failNextRead(new EventNotFoundException());

			connection().tick();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).containsExactly("@1");
		}

		@Test
		void readsAndTakesOverFromNobodyWhenTheStreamHasLostEvents() {
			isWatching();
			int calls = store().readCalls();

			connection().lookForLoss();

			assertThat(store().readCalls()).isEqualTo(calls + 1);
			assertThat(store().watches()).isEqualTo(1);
		}

	}

	@Nested
	class Ending {

		@Test
		void sendsWhatWasAddedAndNothingElse() {
			isLive();
			client().takeNothing();
			send("one");
			log().mailbox().execute(connection()::closeForResume);

			assertThat(state()).isEqualTo(State.ENDING);
			send("two");
			look();
			assertThat(state()).isEqualTo(State.ENDING);
			client().takeAll();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).containsExactly("@2", "one@3", "@3");
			assertThat(client().complete).isTrue();
		}

	}

	/**
	 * The table of what ends it, where no other row does.
	 */
	@Nested
	class Ends {

		@Test
		void whenTheEndpointStopsWithItsCursor() {
			isLive();
			client().takeNothing();
			send("one");

			connection().leave();
			connection().leave();

			assertThat(state()).isEqualTo(State.ENDING);
			client().takeAll();
			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(client().events).containsExactly("@2", "one@3", "@3");
		}

		@Test
		void whenTheEndpointStopsThoughItHasNoCursor() {
			isStarting();

			connection().leave();

			assertThat(state()).isEqualTo(State.CLOSED);
		}

		@Test
		void notWhenTheEndpointStopsThatRunsItsRequest() {
			RequestLog request = streams().request();
			use(request);
			request.mailbox().execute(() -> request.begin(connection()));

			connection().leave();

			assertThat(state()).isEqualTo(State.LIVE);
		}

		@Test
		void whenANewerOneIsHere() {
			isLive();
			SseConnection newer = streams().connection(log().stream(), log(), log().mailbox());

			log().mailbox().execute(() -> log().attach(newer));

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(newer.state()).isEqualTo(State.STARTING);
			assertThat(log().isConnected()).isTrue();
			assertThat(connection().isReplacedElsewhere()).isFalse();
		}

		@Test
		void whenANewerOneIsOnAnotherNode() {
			TestStreams shared = TestStreams.telling((text) -> {
			});
			RequestLog request = shared.request();
			request.open().block();
			EventId last = request.lastStored();
			Mailbox reading = new Mailbox();
			SseConnection older = shared.connection(request.stream(), null, reading);
			reading.execute(() -> older.resume(last, new PageReader.Page(shared.read(request.stream(), last))));
			older.openWhenWatched(client());
			assertThat(older.state()).isEqualTo(State.WATCHING);

			shared.store().readBy("another");
			reading.execute(older::look);

			assertThat(older.state()).isEqualTo(State.CLOSED);
			assertThat(older.isReplacedElsewhere()).isTrue();
		}

		@Test
		void atOnceWithItsSession() {
			isLive();
			client().takeNothing();
			send("one");

			log().discard();

			assertThat(state()).isEqualTo(State.CLOSED);
		}

		@Test
		void notWithItsSessionIfTheEndIsOnItsWay() {
			isLive();
			client().takeNothing();
			send("one");
			log().mailbox().execute(connection()::closeForResume);

			connection().close();

			assertThat(state()).isEqualTo(State.ENDING);
			client().takeAll();
			assertThat(client().events).endsWith("one@3", "@3");
		}

		@Test
		void whenItsClientTakesNothingForTwoMinutes() {
			isLive();
			client().takeNothing();
			send("one");
			streams().threads().pass(Duration.ofMinutes(2));
			connection().tick();
			assertThat(state()).isEqualTo(State.LIVE);

			streams().threads().pass(Duration.ofMillis(1));
			connection().tick();

			assertThat(state()).isEqualTo(State.CLOSED);
		}

	}

	@Nested
	class Closed {

		@Test
		void takesNothingAnyMore() {
			isLive();
			connection().abort();
			int calls = store().readCalls();

			send("one");
			look();
			streams().threads().pass(Duration.ofMinutes(1));

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(store().readCalls()).isEqualTo(calls);
			assertThat(client().events).containsExactly("@2");
			assertThat(log().isConnected()).isFalse();
		}

		@Test
		void isForgottenWhenItsClientGoes() {
			isLive();

			client().go();

			assertThat(state()).isEqualTo(State.CLOSED);
			assertThat(streams().context().connections()).isEmpty();
		}

	}

	/**
	 * Takes what comes, and remembers of each event its message and the place in its ID.
	 */
	private static final class Client implements Subscriber<byte[]>, SseOutput.Response {

		private final List<String> events = new ArrayList<>();

		private boolean taking = true;

		private boolean complete;

		private @Nullable Subscription subscription;

		void takeNothing() {
			this.taking = false;
		}

		void takeAll() {
			this.taking = true;
			if (this.subscription != null) {
				this.subscription.request(1);
			}
		}

		void go() {
			if (this.subscription != null) {
				this.subscription.cancel();
			}
		}

		@Override
		public void send(byte[] frames) {
			throw new AssertionError("What came with a GET is streamed");
		}

		@Override
		public void stream(Publisher<byte[]> chunks) {
			chunks.subscribe(this);
		}

		@Override
		public void refuse() {
			this.complete = true;
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			this.subscription = subscription;
			if (this.taking) {
				subscription.request(1);
			}
		}

		@Override
		public void onNext(byte[] chunk) {
			for (String frame : new String(chunk, StandardCharsets.UTF_8).split("\n\n")) {
				String event = "";
				String place = "";
				for (String line : frame.split("\n")) {
					if (line.startsWith("data: ")) {
						event = line.substring("data: ".length());
					}
					else if (line.startsWith("id: ")) {
						place = "@" + EventId.parse(line.substring("id: ".length())).sequence();
					}
				}
				if (!(event + place).isEmpty()) {
					this.events.add(event + place);
				}
			}
			if (this.taking && this.subscription != null) {
				this.subscription.request(1);
			}
		}

		@Override
		public void onError(Throwable ex) {
			throw new AssertionError(ex);
		}

		@Override
		public void onComplete() {
			this.complete = true;
		}

	}

}
