package io.github.mcppersist.test.transport;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What goes over one connection, how long it stays open, and what a slow client costs.
 */
public abstract class ConnectionContractTests extends AbstractStreamableHttpTests {

	private final RecordingObserver observer = new RecordingObserver();

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
	}

	private long renewals() {
		return this.observer.operations().stream().filter(StoreOperation.RENEW_STREAMS::equals).count();
	}

	private static final String OLDER_VERSION = "2025-06-18";

	@Test
	void answersACallWithAPrimingEventTheMessagesAndTheResponse() throws Exception {
		RawMcpClient client = start().header("User-Agent", "node").initialize();

		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			assertThat(call.status()).isEqualTo(200);
			assertThat(call.header("Content-Type")).startsWith("text/event-stream");
			events = call.rest();
		}

		assertThat(events.get(0).data()).isEmpty();
		assertThat(events.get(0).retry()).isEqualTo("1000");
		assertThat(numbers(events)).containsExactly("1", "2", "3");
		assertThat(events.get(4).data()).contains("counted 3").contains("\"id\":1");
		assertThat(events).hasSize(5).extracting(SseEvent::id).doesNotContainNull().doesNotHaveDuplicates();
	}

	@Test
	void sendsNoPrimingEventToAnOlderClientButIdsThatItCanResumeFrom() throws Exception {
		RawMcpClient client = start().protocolVersion(OLDER_VERSION).initialize();

		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			events = call.rest();
		}

		assertThat(events).hasSize(4).allSatisfy((event) -> {
			assertThat(event.data()).isNotEmpty();
			assertThat(event.id()).isNotNull();
		});
		try (Exchange resume = client.get(events.get(0).id())) {
			assertThat(numbers(resume.rest())).containsExactly("2", "3");
		}
		try (Exchange get = client.get(null)) {
			endpoint().notifyClient(client.sessionId(), "notifications/test", null).block();
			assertThat(get.next().data()).contains("notifications/test");
		}
	}

	@Test
	void primesAStandaloneConnectionAtOnce() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange get = client.get(null)) {
			SseEvent first = get.next();
			assertThat(first.id()).isNotNull();
			assertThat(first.data()).isEmpty();
		}
	}

	@Test
	void sendsHeartbeatsOnASilentConnection() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(50)))
			.initialize();

		try (Exchange call = client.call(1, "gated", "{\"before\":0,\"n\":1,\"gate\":\"g\"}");
				Exchange get = client.get(null)) {
			for (int i = 0; i < 3; i++) {
				call.awaitComment();
				get.awaitComment();
			}
			this.tools.open("g");
			assertThat(numbers(call.rest())).containsExactly("1");
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void closesTheConnectionOnAToolsRequestAndGoesOnAfterAResume(boolean sync) throws Exception {
		RawMcpClient client = (sync ? start(trusting()) : startAsync(trusting())).initialize();
		List<SseEvent> first;
		try (Exchange call = client.call(1, "hangup", "{\"gate\":\"g\"}")) {
			first = call.rest();
		}
		this.tools.open("g");

		List<SseEvent> all = new ArrayList<>(first);
		try (Exchange resume = client.get(last(first).id())) {
			all.addAll(resume.rest());
		}

		assertThat(numbers(all)).containsExactly("1", "2");
		assertThat(last(first).retry()).isEqualTo("1000");
		assertThat(last(first).data()).isEmpty();
		assertThat(last(all).data()).contains("closed true");
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void keepsTheConnectionOfAnOlderClientOpenWhateverAToolAsks(boolean sync) throws Exception {
		RawMcpClient client = (sync ? start(trusting()) : startAsync(trusting())).protocolVersion(OLDER_VERSION)
			.initialize();
		this.tools.open("g");

		try (Exchange call = client.call(1, "hangup", "{\"gate\":\"g\"}")) {
			List<SseEvent> events = call.rest();
			assertThat(numbers(events)).containsExactly("1", "2");
			assertThat(last(events).data()).contains("closed false");
		}
	}

	@Test
	void closesAConnectionThatIsTooOldForItsClientToComeBack() throws Exception {
		RawMcpClient client = start(trusting().maxConnectionAge(Duration.ofMillis(1500))).initialize();
		List<SseEvent> first;
		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}")) {
			first = call.rest();
		}
		List<SseEvent> second;
		try (Exchange resume = client.get(last(first).id())) {
			second = resume.rest();
		}
		this.tools.open("g");
		// The third one has nothing to wait for
		await().until(() -> endpoint().statistics().runningRequests() == 0);
		List<SseEvent> third;
		try (Exchange resume = client.get(last(second).id())) {
			third = resume.rest();
		}
		try (Exchange get = client.get(null)) {
			assertThat(last(get.rest()).retry()).isEqualTo("1000");
		}

		assertThat(List.of(last(first), last(second))).allSatisfy((event) -> {
			assertThat(event.id()).isNotNull();
			assertThat(event.data()).isEmpty();
			assertThat(event.retry()).isEqualTo("1000");
		});
		List<SseEvent> all = new ArrayList<>(first);
		all.addAll(second);
		all.addAll(third);
		assertThat(numbers(all)).containsExactly("1", "2");
		assertThat(last(third).data()).contains("counted 2");
	}

	@Test
	void neverClosesAConnectionOfAnOlderClientForItsAge() throws Exception {
		RawMcpClient client = start(
				trusting().heartbeatInterval(Duration.ofMillis(50)).maxConnectionAge(Duration.ofMillis(100)))
			.protocolVersion(OLDER_VERSION)
			.initialize();

		try (Exchange call = client.call(1, "gated", "{\"before\":0,\"n\":2,\"gate\":\"g\"}")) {
			for (int i = 0; i < 6; i++) {
				call.awaitComment();
			}
			this.tools.open("g");
			List<SseEvent> events = call.rest();
			assertThat(numbers(events)).containsExactly("1", "2");
			assertThat(last(events).data()).contains("counted 2");
		}
	}

	@Test
	void letsNobodyWaitForAClientThatStopsReadingALargeReplay() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call(1, "steps", "{\"n\":2000,\"bytes\":10000,\"gates\":[\"g\"]}")) {
			this.tools.open("g");
			all = call.rest();
		}

		try (Exchange stalled = client.stalling().get(all.get(0).id())) {
			stalled.next();
			RawMcpClient other = client().initialize();
			try (Exchange call = other.call(1, "count", "{\"n\":5000}")) {
				assertThat(numbers(call.rest())).hasSize(5000);
			}
			assertThat(stalled.rest()).extracting(SseEvent::id)
				.containsExactlyElementsOf(all.subList(2, all.size()).stream().map(SseEvent::id).toList());
		}
	}

	@Test
	void keepsForASlowClientWhatItHasNotReadYet() throws Exception {
		MutableClock clock = new MutableClock();
		Duration kept = Duration.ofMillis(300);
		RawMcpClient client = start(InMemoryEventStore.builder().completedTimeToLive(kept).clock(clock).build())
			.initialize();
		try (Exchange stalled = client.stalling().call(1, "steps", "{\"n\":2000,\"bytes\":10000,\"gates\":[\"g\"]}")) {
			stalled.next();
			this.tools.awaitReached("g");
			this.tools.open("g");
			String unread;
			try (Exchange call = client.call(2, "count", "{\"n\":1}")) {
				unread = call.rest().get(0).id();
			}

			for (int i = 0; i < 3; i++) {
				clock.advance(kept.multipliedBy(2).dividedBy(3));
				long before = renewals();
				// One may have been under way
				await().until(() -> renewals() > before + 1);
			}

			try (Exchange late = client.get(unread)) {
				assertThat(late.status()).isEqualTo(400);
			}
			List<SseEvent> events = stalled.rest();
			assertThat(numbers(events)).containsExactlyElementsOf(range(1, 2000));
			assertThat(last(events).data()).contains("took all steps");
		}
	}

	@Test
	void letsNobodyWaitForAClientThatStopsReadingALiveStream() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange stalled = client.stalling()
			.call(1, "steps", "{\"n\":1000,\"bytes\":10000,\"gates\":[\"a\",\"b\"]}")) {
			stalled.next();
			// The tool goes on
			this.tools.awaitReached("a");
			RawMcpClient other = client().initialize();
			try (Exchange call = other.call(1, "count", "{\"n\":5000}")) {
				assertThat(numbers(call.rest())).hasSize(5000);
			}
			this.tools.open("a");
			this.tools.awaitReached("b");
			this.tools.open("b");

			List<SseEvent> events = stalled.rest();
			assertThat(numbers(events)).containsExactlyElementsOf(range(1, 2000));
			assertThat(last(events).data()).contains("took all steps");
		}
	}

	@Test
	void keepsInMemoryOnlyWhatTheStoreKeepsForAClientThatStopsReading() throws Exception {
		int megabyte = 1024 * 1024;
		RawMcpClient client = start(InMemoryEventStore.builder().maxBytesPerStream(2 * megabyte).build()).initialize();
		long before = usedHeap();

		try (Exchange stalled = client.stalling().call(1, "steps", "{\"n\":6400,\"bytes\":10000,\"gates\":[\"g\"]}")) {
			stalled.next();
			this.tools.awaitReached("g");

			// 64 MB went through, of which the store keeps two
			await().untilAsserted(() -> assertThat(usedHeap() - before).isLessThan(32L * megabyte));
		}
	}

	private static StreamableHttpOptions.Builder trusting() {
		return StreamableHttpOptions.builder().resumingClients((request) -> true);
	}

	private static long usedHeap() {
		System.gc();
		return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
	}

}
