package io.github.mcppersist.redis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that a stream has one reader among all nodes, that this one is told of what is
 * stored, and that it is again after its subscription was lost.
 */
@Timeout(300)
@NeedsRedis
class RedisWatchTests {

	private static final Duration ECHO_INTERVAL = Duration.ofMillis(200);

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start();

	private final RedisProxy network = RedisProxy.to(this.redis.port());

	private final RedisMonitor monitor = new RedisMonitor(this.redis);

	private final StreamKey stream = RedisStores.newStream();

	private final Event priming = RedisStores.priming(this.stream);

	RedisWatchTests() throws IOException {
	}

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.monitor.close();
		this.network.close();
		this.redis.close();
	}

	private RedisEventStore open(Driver driver, int port) {
		return open(driver, port, ECHO_INTERVAL);
	}

	private RedisEventStore open(Driver driver, int port, Duration echoInterval) {
		return this.stores.open(this.stores.builder(driver.open(new RedisStandaloneConfiguration("127.0.0.1", port)))
			.timeout(TestEvents.PATIENT)
			.echoInterval(echoInterval));
	}

	private RedisEventStore openWriter(Driver driver) {
		RedisEventStore writer = open(driver, this.redis.port());
		RedisStores.block(writer.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming)));
		return writer;
	}

	private Queue<Hint> watch(RedisEventStore reader) {
		RedisStores.awaitSubscribed(reader, this.redis);
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		reader.watch(this.stream).subscribe(hints::add);
		awaiting().until(() -> hints.contains(Hint.watched()));
		return hints;
	}

	private StreamHead head(EventStore store) {
		return RedisStores.read(store, this.stream, this.priming.id()).head();
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().atMost(RedisStores.LIMIT).pollInterval(Duration.ofMillis(20));
	}

	private void awaitSubscriptions(int number) {
		awaiting().until(() -> ((List<?>) this.redis.cli("PUBSUB", "CHANNELS")).size() == number + 1);
	}

	@ParameterizedTest
	@EnumSource
	void saysWhoOwnsAndWhoReadsAStream(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore reader = open(driver, this.redis.port());
		assertThat(head(reader)).isEqualTo(new StreamHead(writer.node().id(), null, RequestIds.parse("7")));

		watch(reader);

		assertThat(head(writer))
			.isEqualTo(new StreamHead(writer.node().id(), reader.node().id(), RequestIds.parse("7")));
		assertThat(RedisStores.read(writer, this.stream, null).head()).isEqualTo(head(writer));
	}

	@ParameterizedTest
	@EnumSource
	void tellsTheReaderThatAnotherNodeHasTakenOver(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore first = open(driver, this.redis.port(), Duration.ofHours(1));
		RedisEventStore second = open(driver, this.redis.port(), Duration.ofHours(1));
		Queue<Hint> hints = watch(first);
		hints.clear();

		watch(second);

		awaiting().untilAsserted(() -> assertThat(hints).containsExactly(Hint.look()));
		assertThat(head(first).reader()).isEqualTo(second.node().id());
		RedisStores.block(writer.storeEvents(this.stream, List.of(RedisStores.event(this.stream, 2))));
		RedisStores.block(writer.deleteSession(RedisStores.newStream().sessionName()));
		assertThat(hints).containsExactly(Hint.look());
	}

	@ParameterizedTest
	@EnumSource
	void tellsAWatchOfItsOwnMarkWhateverEarlierOnesOnTheNodeAreTold(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore node = open(driver, this.network.port(), Duration.ofHours(1));
		awaitSubscriptions(2);
		watch(node);
		this.network.holdReplies();
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		node.watch(this.stream).subscribe(hints::add);

		// The mark is still that of the earlier watch
		RedisStores.block(writer.storeEvents(this.stream, List.of(RedisStores.event(this.stream, 2))));
		this.redis.cli("PUBLISH", new String(node.node().channel(), StandardCharsets.ISO_8859_1),
				"h" + this.stores.key(this.stream) + " 0 0 0");
		awaiting().until(() -> hints.containsAll(List.of(Hint.stored(2), Hint.look())));
		assertThat(hints).doesNotContain(Hint.watched());

		this.network.pass();
		awaiting().until(() -> hints.contains(Hint.watched()));
	}

	@ParameterizedTest
	@EnumSource
	void looksAfterItsSubscriptionWasLostButLeavesTheReaderThatTookOver(Driver driver) {
		openWriter(driver);
		RedisEventStore first = open(driver, this.network.port());
		RedisEventStore second = open(driver, this.redis.port());
		awaitSubscriptions(3);
		Queue<Hint> hints = watch(first);
		watch(second);
		awaiting().until(() -> hints.size() >= 2);
		hints.clear();

		this.network.cut();

		awaiting().untilAsserted(() -> assertThat(hints).contains(Hint.look()));
		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> assertThat(head(first).reader()).isEqualTo(second.node().id()));
	}

	@Test
	void takesAStreamOverWhenItsSubscriptionIsBackIfItCouldNotBefore() {
		openWriter(Driver.LETTUCE);
		RedisEventStore first = open(Driver.LETTUCE, this.redis.port());
		RedisEventStore second = open(Driver.LETTUCE, this.network.port());
		awaitSubscriptions(3);
		watch(first);
		this.network.refuse();
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		second.watch(this.stream).subscribe(hints::add);
		awaiting().until(() -> !hints.isEmpty());
		assertThat(hints).doesNotContain(Hint.watched());

		this.network.pass();

		awaiting().until(() -> hints.contains(Hint.watched()));
		assertThat(head(first).reader()).isEqualTo(second.node().id());
	}

	@Test
	void marksTheStreamAgainWhenAReadShowsThatItsMarkWasLost() {
		RedisEventStore writer = openWriter(Driver.LETTUCE);
		RedisEventStore reader = open(Driver.LETTUCE, this.redis.port(), Duration.ofHours(1));
		Queue<Hint> hints = watch(reader);
		loseMark(writer);
		hints.clear();

		assertThat(head(reader).reader()).isNull();

		awaiting().until(() -> hints.contains(Hint.look()));
		assertThat(head(writer).reader()).isEqualTo(reader.node().id());
	}

	@Test
	void marksTheStreamAgainWhenItIsOpenedAnew() {
		RedisEventStore node = openWriter(Driver.LETTUCE);
		Queue<Hint> hints = watch(node);
		this.redis.cli("DEL", this.stores.key(this.stream));
		hints.clear();

		RedisStores.block(node.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming)));

		awaiting().until(() -> hints.contains(Hint.look()));
		assertThat(head(node).reader()).isEqualTo(node.node().id());
	}

	private void loseMark(RedisEventStore writer) {
		this.redis.cli("LSET", this.stores.key(this.stream), "0",
				"1r" + "0".repeat(15) + writer.node().id() + StreamHeader.NO_NODE + "000000006" + "00000000007");
	}

	@ParameterizedTest
	@EnumSource
	void marksTheStreamAgainIfItsMarkWasLostWithTheSubscription(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore reader = open(driver, this.network.port());
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		loseMark(writer);

		this.network.cut();

		awaiting().untilAsserted(() -> assertThat(head(writer).reader()).isEqualTo(reader.node().id()));
		RedisStores.block(writer.storeEvents(this.stream, List.of(RedisStores.event(this.stream, 2))));
		awaiting().untilAsserted(() -> assertThat(hints).contains(Hint.stored(2)));
	}

	@ParameterizedTest
	@EnumSource
	void subscribesAnewWhenNothingComesThroughItsSubscription(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore reader = open(driver, this.network.port());
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		hints.clear();
		long connections = this.network.accepted();

		this.network.muteSubscriptions();
		RedisStores.block(writer.storeEvents(this.stream, List.of(RedisStores.event(this.stream, 2))));

		// The hint was lost, so it is told to look.
		awaiting().untilAsserted(() -> assertThat(hints).contains(Hint.look()).doesNotContain(Hint.stored(2)));
		RedisStores.awaitSubscribed(reader, this.redis);
		RedisStores.block(writer.storeEvents(this.stream, List.of(RedisStores.event(this.stream, 3))));
		awaiting().untilAsserted(() -> assertThat(hints).contains(Hint.stored(3)).doesNotContain(Hint.stored(2)));
		assertThat(this.network.accepted()).isGreaterThan(connections);
	}

	@ParameterizedTest
	@EnumSource
	void staysSubscribedWhileItsEchoesComeBack(Driver driver) {
		RedisEventStore reader = open(driver, this.network.port(), Duration.ofSeconds(1));
		openWriter(driver);
		Queue<Hint> hints = watch(reader);

		hints.clear();
		// Three that were lost in a row would be one too many
		awaiting().during(Duration.ofSeconds(5)).untilAsserted(() -> assertThat(hints).isEmpty());
	}

	@Test
	void readsWhatItWasHintedAtInOneRoundTrip() throws Exception {
		RedisEventStore writer = openWriter(Driver.LETTUCE);
		RedisEventStore reader = open(Driver.LETTUCE, this.network.port(), Duration.ofHours(1));
		this.monitor.awaitStarted();
		this.monitor.awaitStarted();
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		Event last = this.priming;
		// Once, for Redis to know the script
		RedisStores.read(reader, this.stream, last.id());
		this.monitor.commands();
		readWithRoundTrip(reader, last.id(), "evalsha");
		assertThat(this.monitor.commands()).containsExactly("lrange");

		for (long sequence = 2; sequence < 20; sequence++) {
			Event event = RedisStores.event(this.stream, sequence);
			Hint newest = Hint.stored(sequence);
			RedisStores.block(writer.storeEvents(this.stream, List.of(event)));
			awaiting().until(() -> hints.contains(newest));
			this.monitor.commands();

			EventPage page = readWithRoundTrip(reader, last.id(), "evalsha", "lrange");

			assertThat(this.monitor.commands()).isEmpty();
			assertThat(page.events()).containsExactly(event);
			assertThat(page.rest()).isEqualTo(EventPage.Rest.RUNNING);
			last = event;
		}
		Event end = RedisStores.event(this.stream, 20);
		RedisStores.block(writer.completeStream(this.stream, List.of(end)));
		awaiting().until(() -> hints.contains(Hint.stored(20)));
		EventPage page = RedisStores.read(reader, this.stream, last.id());
		assertThat(page.events()).containsExactly(end);
		assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);
	}

	// Read, and see that these commands reach Redis before the first reply is back
	private EventPage readWithRoundTrip(RedisEventStore reader, EventId cursor, String... commands) {
		this.network.holdReplies();
		CompletableFuture<EventPage> reading = reader.replayEventsAfter(this.stream, cursor, 1 << 20).toFuture();
		awaitSent(commands);
		this.network.pass();
		assertThat(reading).succeedsWithin(RedisStores.LIMIT);
		return reading.join();
	}

	private void awaitSent(String... commands) {
		List<String> sent = new ArrayList<>();
		awaiting().until(() -> {
			sent.addAll(this.monitor.commands());
			return sent.size() >= commands.length;
		});
		assertThat(sent).containsExactly(commands);
	}

	@Test
	void saysThatThereMayBeMoreIfTheStreamWasCompletedInTheMiddleOfARead() throws Exception {
		RedisEventStore writer = openWriter(Driver.LETTUCE);
		RedisEventStore reader = open(Driver.LETTUCE, this.network.port(), Duration.ofHours(1));
		this.monitor.awaitStarted();
		this.monitor.awaitStarted();
		assertThat(RedisStores.read(reader, this.stream, this.priming.id()).rest()).isEqualTo(EventPage.Rest.RUNNING);
		Event end = RedisStores.event(this.stream, 2);
		RedisStores.awaitSubscribed(reader, this.redis);
		this.network.holdReplies();

		this.monitor.commands();
		CompletableFuture<EventPage> reading = reader.replayEventsAfter(this.stream, this.priming.id(), 1000)
			.toFuture();
		// The first round trip is at Redis, and the second has yet to begin
		awaitSent("evalsha");
		RedisStores.block(writer.completeStream(this.stream, List.of(end)));
		this.network.pass();

		assertThat(reading).succeedsWithin(RedisStores.LIMIT).satisfies((page) -> {
			assertThat(page.events()).containsExactly(end);
			assertThat(page.rest()).isEqualTo(EventPage.Rest.STORED);
		});
		assertThat(RedisStores.read(reader, this.stream, end.id()).rest()).isEqualTo(EventPage.Rest.NONE);
	}

	@Test
	void knowsOfNoMoreEventsThanThereAreIfTheStreamWasTrimmedInTheMiddleOfARead() throws Exception {
		RedisEventStore writer = openWriter(Driver.LETTUCE);
		RedisEventStore reader = open(Driver.LETTUCE, this.network.port(), Duration.ofHours(1));
		this.monitor.awaitStarted();
		this.monitor.awaitStarted();
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		List<Event> events = LongStream.rangeClosed(2, 10)
			.mapToObj((sequence) -> RedisStores.event(this.stream, sequence))
			.toList();
		RedisStores.block(writer.storeEvents(this.stream, events));
		awaiting().until(() -> hints.contains(Hint.stored(10)));
		Event last = events.get(8);
		// Once, for Redis to know the script
		RedisStores.read(reader, this.stream, last.id());
		this.network.holdReplies();

		this.monitor.commands();
		CompletableFuture<EventPage> reading = reader.replayEventsAfter(this.stream, null, 1000).toFuture();
		// The first round trip is at Redis, and the second has yet to begin
		awaitSent("evalsha");
		this.redis.cli("EVAL", new String(LuaScript.TRIM.body(), StandardCharsets.UTF_8), "1",
				this.stores.key(this.stream), "5");
		this.network.pass();

		assertThat(reading).succeedsWithin(RedisStores.LIMIT)
			.satisfies((page) -> assertThat(page.events()).containsExactlyElementsOf(events.subList(3, 9)));
		this.monitor.commands();
		// What is known to be there would be read in one round trip
		assertThat(readWithRoundTrip(reader, last.id(), "evalsha").events()).isEmpty();
		assertThat(this.monitor.commands()).containsExactly("lrange");
	}

	@ParameterizedTest
	@EnumSource
	void readsNoMoreThanItsPageHoldsHoweverMuchCameSinceTheHint(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore reader = open(driver, this.redis.port(), Duration.ofHours(1));
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		List<Event> small = LongStream.rangeClosed(2, 101)
			.mapToObj((sequence) -> TestEvents.event(this.stream, sequence, 10))
			.toList();
		RedisStores.block(writer.storeEvents(this.stream, small));
		awaiting().until(() -> hints.contains(Hint.stored(101)));
		// Without a hint, as if it were on its way
		this.redis.cli("RPUSH", this.stores.key(this.stream), "aaaaaaaaaa" + "x".repeat(1_000_000),
				"bbbbbbbbbb" + "x".repeat(1_000_000));

		EventPage page = RedisStores.read(reader, this.stream, this.priming.id());

		assertThat(page.events()).containsExactlyElementsOf(small);
		assertThat(page.rest()).isEqualTo(EventPage.Rest.STORED);
		assertThat(reader.replayEventsAfter(this.stream, this.priming.id(), 200).block(RedisStores.LIMIT).events())
			.containsExactlyElementsOf(small.subList(0, 10));
	}

	@ParameterizedTest
	@EnumSource
	void readsRightlyWhateverHappenedToTheStreamSinceTheHint(Driver driver) {
		RedisEventStore writer = openWriter(driver);
		RedisEventStore reader = open(driver, this.redis.port(), Duration.ofHours(1));
		awaitSubscriptions(2);
		Queue<Hint> hints = watch(reader);
		List<Event> events = LongStream.rangeClosed(2, 10)
			.mapToObj((sequence) -> RedisStores.event(this.stream, sequence))
			.toList();
		RedisStores.block(writer.storeEvents(this.stream, events));
		awaiting().until(() -> hints.contains(Hint.stored(10)));
		this.redis.cli("EVAL", new String(LuaScript.TRIM.body(), StandardCharsets.UTF_8), "1",
				this.stores.key(this.stream), "5");

		assertThat(RedisStores.read(reader, this.stream, events.get(4).id()).events())
			.containsExactlyElementsOf(events.subList(5, 9));
		assertThatExceptionOfType(EventsTrimmedException.class)
			.isThrownBy(() -> RedisStores.read(reader, this.stream, this.priming.id()));
		assertThatExceptionOfType(EventNotFoundException.class)
			.isThrownBy(() -> RedisStores.read(reader, this.stream, EventId.next(this.stream.streamId(), 7)));

		RedisStores.block(writer.deleteSession(this.stream.sessionName()));
		assertThatExceptionOfType(EventNotFoundException.class)
			.isThrownBy(() -> RedisStores.read(reader, this.stream, events.get(4).id()));
	}

}
