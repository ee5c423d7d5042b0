package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.Observers;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.observe.RecordingObserver.RecordedResume;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an {@link EndpointObserver} is told.
 */
class EndpointObserverTests extends AbstractStreamableHttpTests {

	private final RecordingObserver observer = new RecordingObserver();

	private @Nullable EndpointObserver another;

	private @Nullable NodeRegistry nodes;

	private final Map<Class<?>, ListAppender<ILoggingEvent>> logs = new HashMap<>();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (this.another != null) {
			builder.observer(this.another);
		}
		builder.observer(this.observer);
		if (this.nodes != null) {
			builder.nodeRegistry(this.nodes);
		}
	}

	@AfterEach
	void stopLogging() {
		this.logs.forEach((type, log) -> ((Logger) LoggerFactory.getLogger(type)).detachAppender(log));
	}

	@Test
	void tellsOfEachMessageThatIsStoredAndOfNoPrimingEvent() throws Exception {
		RawMcpClient client = start().initialize();

		count(client, 3);

		await(() -> assertThat(this.observer.stored).hasValue(4));
	}

	@Test
	void tellsOfTheTwoCallsOfAPlainRequest() throws Exception {
		RawMcpClient client = start().initialize();
		this.observer.calls.clear();

		count(client, 0);

		await(() -> assertThat(this.observer.operations()).contains(StoreOperation.OPEN_STREAM,
				StoreOperation.COMPLETE_STREAM));
		assertThat(this.observer.operations()).filteredOn((operation) -> operation.store().equals("events")).hasSize(2);
		assertThat(this.observer.calls).allSatisfy((call) -> {
			assertThat(call.failure()).isNull();
			assertThat(call.nanos()).isBetween(1L, Duration.ofMinutes(1).toNanos());
		});
	}

	@Test
	void tellsWhyACallOfTheStoreFailed() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store).initialize();
		store.fail();

		count(client, 1);

		await(() -> assertThat(this.observer.calls).filteredOn((call) -> call.operation() == StoreOperation.OPEN_STREAM)
			.isNotEmpty()
			.allSatisfy((call) -> assertThat(call.failure()).isInstanceOf(EventStoreUnavailableException.class)));
	}

	@Test
	void tellsOfAResumeThatGoesOnLive() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "gated", "{\"before\":3,\"n\":6,\"gate\":\"g\"}")) {
			call.next();
			cursor = call.next().id();
			call.cut();
		}
		this.tools.awaitReached("g");

		try (Exchange resume = client.get(cursor)) {
			resume.next();
			resume.next();
			await(() -> assertThat(resume().outcomes).containsExactly(ResumeOutcome.LIVE));
			this.tools.open("g");
			resume.rest();
		}

		assertThat(resume().replayed).hasValue(2);
		assertThat(resume().outcomes).hasSize(1);
	}

	@Test
	void tellsOfAResumeToTheEndAndOfOneAtTheEnd() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all = count(client, 20);

		client.get(all.get(0).id()).rest();
		assertThat(client.get(last(all).id()).status()).isEqualTo(204);

		await(() -> assertThat(this.observer.resumes).hasSize(2)
			.allSatisfy((resume) -> assertThat(resume.outcomes).containsExactly(ResumeOutcome.COMPLETE)));
		assertThat(this.observer.resumes.get(0).replayed).hasValue(21);
		assertThat(this.observer.resumes.get(1).replayed).hasValue(0);
	}

	@Test
	void tellsOfAGap() throws Exception {
		RawMcpClient client = start(InMemoryEventStore.builder().maxEventsPerStream(2).build()).initialize();
		ListAppender<ILoggingEvent> log = log(StreamContext.class);
		List<SseEvent> all = count(client, 20);

		client.get(all.get(0).id()).rest();

		await(() -> assertThat(resume().outcomes).containsExactly(ResumeOutcome.GAP));
		await(() -> assertThat(this.observer.gaps).hasValue(1));
		assertThat(log.list).singleElement().satisfies((line) -> {
			assertThat(line.getLevel()).isEqualTo(Level.INFO);
			assertThat(line.getKeyValuePairs()).extracting((pair) -> pair.key).containsExactly("mcp.stream.id");
			assertThat(line.getFormattedMessage()).contains("no longer kept").doesNotContain(client.sessionId());
		});
	}

	@Test
	void tellsOfAGapOnTheStandaloneStreamAlthoughItsClientGivesNoCursor() throws Exception {
		RawMcpClient client = start(InMemoryEventStore.builder().maxEventsPerStream(2).build(),
				StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(100)))
			.initialize();
		try (Exchange listening = client.get(null)) {
			listening.next();
			notify(client, "1");
			readUntil(listening, "\"1\"");
		}
		await(() -> assertThat(endpoint().statistics().connections()).containsEntry(ConnectionKind.STANDALONE, 0));
		for (int i = 2; i <= 9; i++) {
			notify(client, Integer.toString(i));
		}
		await(() -> assertThat(this.observer.stored).hasValue(9));

		try (Exchange listening = client.get(null)) {
			readUntil(listening, "\"9\"");
		}

		await(() -> assertThat(this.observer.gaps).hasValue(1));
		assertThat(this.observer.resumes).isEmpty();
	}

	private void notify(RawMcpClient client, String data) {
		endpoint().notifyClient(client.sessionId(), "notifications/message", Map.of("level", "info", "data", data))
			.block(Duration.ofMinutes(1));
	}

	@Test
	void tellsOfResumesThatAreRefused() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store).initialize();
		List<SseEvent> all = count(client, 1);

		assertThat(client.get("malformed!").status()).isEqualTo(400);
		assertThat(client.get(all.get(0).id() + "0").status()).isEqualTo(400);
		assertThat(client().sessionId("unknown").get(all.get(0).id()).status()).isEqualTo(404);
		store.fail();
		assertThat(client.get(all.get(0).id()).status()).isEqualTo(503);

		await(() -> assertThat(this.observer.resumes).flatExtracting((resume) -> resume.outcomes)
			.containsExactly(ResumeOutcome.UNKNOWN_EVENT, ResumeOutcome.UNKNOWN_EVENT, ResumeOutcome.UNKNOWN_SESSION,
					ResumeOutcome.UNAVAILABLE));
	}

	@Test
	void tellsOfAResumeWhoseClientLeavesInTheMiddle() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxConnectionBytes(10_000)).initialize();
		String cursor;
		try (Exchange call = client.call(1, "steps", "{\"n\":200,\"bytes\":50000,\"gates\":[\"g\"]}")) {
			cursor = call.next().id();
			call.cut();
		}
		this.tools.open("g");
		this.tools.awaitReached("g");

		try (Exchange resume = client.stalling().get(cursor)) {
			resume.next();
			resume.cut();
		}

		await(() -> assertThat(resume().outcomes).containsExactly(ResumeOutcome.ABANDONED));
	}

	@Test
	void tellsOfASessionThatIsRestored() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()).initialize();
		await(() -> {
			endpoint().sessions().letGoUnused(Duration.ZERO);
			assertThat(endpoint().statistics().sessions()).isZero();
		});

		count(client, 1);

		await(() -> assertThat(this.observer.restored).hasValue(1));
	}

	@Test
	void tellsOfMessagesThatAreGivenUp() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store, StreamableHttpOptions.builder().maxUnstoredBytes(10_000)).initialize();

		try (Exchange call = client.call(1, "steps", "{\"n\":30,\"bytes\":1000,\"gates\":[\"a\",\"b\"]}")) {
			readUntil(call, "\"30-");
			assertThat(this.observer.dropped).hasValue(0);
			store.fail();
			this.tools.open("a");
			readUntil(call, "\"60-");
			await(() -> assertThat(this.observer.dropped).hasValueBetween(15, 29));
			assertThat(endpoint().statistics().unstoredBytes()).isBetween(1L, 12_000L);
			store.recover();
			this.tools.open("b");
			call.rest();
		}
	}

	@Test
	void saysAtStartWhichNodeThisIsIfThereAreOthers() throws Exception {
		ListAppender<ILoggingEvent> log = log(StreamableHttpEndpoint.class);
		((Logger) LoggerFactory.getLogger(StreamableHttpEndpoint.class)).setLevel(Level.DEBUG);
		start();
		assertThat(log.list).isEmpty();
		stop();
		NodeRegistry nodes = NodeRegistry.single();
		this.nodes = nodes;

		start();

		assertThat(log.list).singleElement().satisfies((line) -> {
			assertThat(line.getLevel()).isEqualTo(Level.DEBUG);
			assertThat(line.getFormattedMessage()).contains(nodes.nodeId());
			assertThat(line.getKeyValuePairs()).extracting((pair) -> pair.value).containsExactly(nodes.nodeId());
		});
	}

	@Test
	void countsWhatItHolds() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().modern(ModernOptions.defaults())).initialize();
		try (Exchange listening = client.get(null);
				Exchange subscribed = new ModernPost(client(), "subscriptions/listen", "\"notifications\":{}").send();
				Exchange modern = ModernPost.call(client(), "gated", "{\"gate\":\"g\"}")
					.field("logLevel", "\"info\"")
					.send();
				Exchange cut = client.call(1, "gated", "{\"gate\":\"g\"}");
				Exchange call = client.call(2, "gated", "{\"gate\":\"g\"}")) {
			String cursor = cut.next().id();
			listening.next();
			subscribed.next();
			modern.next();
			call.next();
			try (Exchange resumed = client.get(cursor)) {
				resumed.next();

				await(() -> {
					EndpointStatistics statistics = endpoint().statistics();
					assertThat(statistics.sessions()).isEqualTo(1);
					assertThat(statistics.running()).isEqualTo(Map.of(Era.LEGACY, 2, Era.MODERN, 1));
					assertThat(statistics.runningRequests()).isEqualTo(3);
					assertThat(statistics.parkedCalls()).isZero();
					for (ConnectionKind kind : ConnectionKind.values()) {
						assertThat(statistics.connections()).as(kind.name()).containsEntry(kind, 1);
					}
				});
				this.tools.open("g");
				resumed.rest();
				call.rest();
			}
		}
		await(() -> {
			assertThat(endpoint().statistics().runningRequests()).isZero();
			assertThat(endpoint().statistics().connections()).containsEntry(ConnectionKind.REQUEST, 0)
				.containsEntry(ConnectionKind.RESUMED, 0);
			assertThat(endpoint().statistics().unstoredBytes()).isZero();
		});
	}

	@Test
	void isNotChangedByAnObserverThatFails() throws Exception {
		goesOnBeside(new FailingObserver(() -> {
			throw new IllegalStateException("told to fail");
		}));
	}

	@Test
	void isNotChangedByAnObserverThatLacksAClass() throws Exception {
		goesOnBeside(new FailingObserver(() -> {
			throw new NoClassDefFoundError("told to fail");
		}));
	}

	@Test
	void isNotChangedByAnObserverThatReturnsNothing() throws Exception {
		goesOnBeside(new FailingObserver(() -> {
		}));
	}

	private void goesOnBeside(FailingObserver failing) throws Exception {
		this.another = failing;
		ListAppender<ILoggingEvent> log = log(Observers.class);
		RawMcpClient client = start().initialize();

		List<SseEvent> all = count(client, 3);
		assertThat(client.get(all.get(0).id()).rest()).hasSize(4);

		assertThat(all).hasSize(5);
		await(() -> assertThat(resume().outcomes).containsExactly(ResumeOutcome.COMPLETE));
		assertThat(log.list).filteredOn((line) -> line.getLevel() == Level.WARN)
			.singleElement()
			.satisfies((line) -> assertThat(line.getFormattedMessage()).contains(FailingObserver.class.getName()));
	}

	private List<SseEvent> count(RawMcpClient client, int n) throws IOException {
		try (Exchange call = client.call(1, "count", "{\"n\":" + n + "}")) {
			return call.rest();
		}
	}

	private RecordedResume resume() {
		assertThat(this.observer.resumes).hasSize(1);
		return this.observer.resumes.get(0);
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

	private ListAppender<ILoggingEvent> log(Class<?> type) {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(type);
		logger.setLevel(Level.INFO);
		logger.addAppender(log);
		this.logs.put(type, log);
		return log;
	}

	/**
	 * Fails whatever it is told, and has nothing to tell of a resume.
	 */
	private static final class FailingObserver implements EndpointObserver {

		private final Runnable failure;

		FailingObserver(Runnable failure) {
			this.failure = failure;
		}

		@Override
		public void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
			this.failure.run();
		}

		@Override
		public void eventsStored(int messages) {
			this.failure.run();
		}

		@Override
		public void eventsDropped(int messages) {
			this.failure.run();
		}

		@Override
		@SuppressWarnings("NullAway")
		public Resume resumeStarted() {
			this.failure.run();
			return null;
		}

		@Override
		public void gapFound() {
			this.failure.run();
		}

		@Override
		public void sessionRestored() {
			this.failure.run();
		}

		@Override
		public void orphanEnded(Era era) {
			this.failure.run();
		}

	}

}
