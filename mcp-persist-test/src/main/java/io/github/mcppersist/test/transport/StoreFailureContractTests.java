package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StoreFailurePolicy;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What clients and tools notice when the event store fails.
 */
public abstract class StoreFailureContractTests extends AbstractStreamableHttpTests {

	private static final String STEPS = "{\"n\":3,\"gates\":[\"a\",\"b\",\"c\"]}";

	private final FailingEventStore store = new FailingEventStore();

	@Test
	void deliversWithoutIdsDuringAnOutageAndMovesTheCursorAfterIt() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		String before;
		String moved;
		try (Exchange call = client.call(1, "steps", STEPS)) {
			before = last(readUntil(call, "\"3\"")).id();
			this.tools.awaitReached("a");
			this.store.fail();
			this.tools.open("a");
			List<SseEvent> unstored = readUntil(call, "\"6\"");
			assertThat(numbers(unstored)).containsExactly("4", "5", "6");
			assertThat(unstored).extracting(SseEvent::id).containsOnlyNulls();

			this.store.recover();

			SseEvent cursor = call.next();
			assertThat(cursor.data()).isEmpty();
			moved = cursor.id();
			assertThat(moved).isNotNull();
			this.tools.open("b");
			assertThat(last(readUntil(call, "\"9\"")).id()).isNotNull();
			call.cut();
		}

		this.tools.open("c");
		try (Exchange resume = client.get(moved)) {
			assertThat(numbers(resume.rest())).containsExactly("7", "8", "9");
		}
		try (Exchange resume = client.get(before)) {
			assertThat(numbers(resume.rest())).containsExactlyElementsOf(range(4, 9));
		}
	}

	@Test
	void answersACallThatBeginsAndEndsDuringAnOutage() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		this.store.fail();

		try (Exchange call = client.call(1, "count", "{\"n\":100}")) {
			List<SseEvent> events = call.rest();
			assertThat(events).extracting(SseEvent::id).containsOnlyNulls();
			assertThat(numbers(events)).containsExactlyElementsOf(range(1, 100));
			assertThat(last(events).data()).contains("counted 100");
		}
	}

	@Test
	void storesACallThatBeganDuringAnOutageAfterIt() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		this.store.fail();
		try (Exchange call = client.call(1, "steps", STEPS)) {
			assertThat(last(readUntil(call, "\"3\"")).id()).isNull();
			this.store.recover();
			String cursor = call.next().id();
			call.cut();
			List.of("a", "b", "c").forEach(this.tools::open);

			try (Exchange resume = client.get(cursor)) {
				assertThat(numbers(resume.rest())).containsExactlyElementsOf(range(4, 9));
			}
		}
	}

	@Test
	void neitherHangsNorRepeatsWhenTheAcknowledgementOfTheResponseIsLost() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		this.store.loseCompletions(2);
		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			events = call.rest();
		}

		assertThat(numbers(events)).containsExactly("1", "2", "3");
		assertThat(events.stream().filter((event) -> event.data().contains("counted 3"))).hasSize(1);
		await().untilAsserted(() -> assertThat(this.store.completionsToLose()).isZero());
		try (Exchange resume = client.get(events.get(0).id())) {
			List<SseEvent> replayed = resume.rest();
			assertThat(numbers(replayed)).containsExactly("1", "2", "3");
			assertThat(replayed).hasSize(4).extracting(SseEvent::id).doesNotContainNull().doesNotHaveDuplicates();
			assertThat(last(replayed).data()).contains("counted 3");
		}
	}

	@Test
	void reportsAGapWhenMoreWasSentInAnOutageThanIsKept() throws Exception {
		RawMcpClient client = start(this.store, StreamableHttpOptions.builder().maxUnstoredBytes(10_000)).initialize();
		String cursor;
		try (Exchange call = client.call("gap", "steps", "{\"n\":30,\"bytes\":1000,\"gates\":[\"a\",\"b\",\"c\"]}")) {
			cursor = last(readUntil(call, "\"30-")).id();
			this.store.fail();
			this.tools.open("a");
			readUntil(call, "\"60-");
			this.store.recover();
			String moved = call.next().id();
			this.tools.open("b");
			assertThat(numbers(readUntil(call, "\"90-"))).containsExactlyElementsOf(range(61, 90));
			call.cut();

			try (Exchange resume = client.get(cursor)) {
				assertThat(resume.status()).isEqualTo(200);
				assertThat(resume.rest()).singleElement()
					.satisfies((event) -> assertThat(event.data()).contains("\"id\":\"gap\",\"error\""));
			}
			this.tools.open("c");
			try (Exchange resume = client.get(moved)) {
				List<SseEvent> events = resume.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(61, 90));
				assertThat(last(events).data()).contains("took all steps");
			}
		}
	}

	@Test
	void goesOnWithIdsAfterItsStreamWasLost() throws Exception {
		MutableClock clock = new MutableClock();
		RawMcpClient client = start(InMemoryEventStore.builder().clock(clock).build()).initialize();
		String lost;
		String cursor;
		try (Exchange call = client.call(1, "steps", STEPS)) {
			lost = last(readUntil(call, "\"3\"")).id();
			this.tools.awaitReached("a");
			clock.advance(Duration.ofHours(2));
			this.tools.open("a");
			List<SseEvent> events = readUntil(call, "\"6\"");
			assertThat(numbers(events)).containsExactly("4", "5", "6");
			assertThat(events).extracting(SseEvent::id).doesNotContainNull();
			cursor = events.get(0).id();
			call.cut();
		}
		this.tools.open("b");
		this.tools.open("c");

		try (Exchange resume = client.get(cursor)) {
			assertThat(numbers(resume.rest())).containsExactlyElementsOf(range(5, 9));
		}
		try (Exchange resume = client.get(lost)) {
			assertThat(last(resume.rest()).data()).contains("\"id\":1,\"error\"");
		}
	}

	@Test
	void resumesDuringAnOutageAtTheLastEventAndAfterItFromAnyOther() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		String first;
		String last;
		try (Exchange call = client.call(1, "steps", STEPS)) {
			first = call.next().id();
			last = last(readUntil(call, "\"3\"")).id();
			this.tools.awaitReached("a");
			this.store.fail();
			call.cut();
		}

		try (Exchange resume = client.get(last)) {
			assertThat(resume.next().id()).isEqualTo(last);
			this.tools.open("a");
			List<SseEvent> unstored = readUntil(resume, "\"6\"");
			assertThat(numbers(unstored)).containsExactly("4", "5", "6");
			assertThat(unstored).extracting(SseEvent::id).containsOnlyNulls();
			resume.cut();
		}
		try (Exchange resume = client.get(first)) {
			assertThat(resume.next().id()).isEqualTo(first);
			this.tools.open("b");
			this.store.recover();
			this.tools.open("c");
			assertThat(numbers(resume.rest())).containsExactlyElementsOf(range(1, 9));
		}
	}

	@Test
	void asksAClientToComeBackThatResumesAnEndedStreamDuringAnOutage() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{}")) {
			events = call.rest();
		}
		this.store.fail();

		try (Exchange resume = client.get(events.get(0).id())) {
			assertThat(resume.status()).isEqualTo(503);
			assertThat(resume.header("Retry-After")).isEqualTo("1");
			assertThat(resume.body()).contains("\"jsonrpc\":\"2.0\",\"id\":null,\"error\"");
		}
		this.store.recover();
		try (Exchange resume = client.get(events.get(0).id())) {
			assertThat(resume.rest()).hasSize(4);
		}
	}

	@Test
	void replaysWhileOnlyWritesFail() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		String first;
		try (Exchange call = client.call(1, "steps", STEPS)) {
			first = call.next().id();
			this.tools.awaitReached("a");
			readUntil(call, "\"3\"");
			this.store.failWrites();
			this.tools.open("a");
			readUntil(call, "\"6\"");
			call.cut();
		}

		try (Exchange resume = client.get(first)) {
			List<SseEvent> events = readUntil(resume, "\"6\"");
			assertThat(numbers(events)).containsExactlyElementsOf(range(1, 6));
			assertThat(events.subList(0, 3)).extracting(SseEvent::id).doesNotContainNull();
			assertThat(events.subList(3, 6)).extracting(SseEvent::id).containsOnlyNulls();
		}
	}

	@Test
	void deliversOnTheStandaloneStreamDuringAnOutage() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		try (Exchange get = client.get(null)) {
			get.next();
			this.store.fail();
			notify(client, "1");
			SseEvent unstored = get.next();
			assertThat(numbers(List.of(unstored))).containsExactly("1");
			assertThat(unstored.id()).isNull();

			this.store.recover();

			String cursor = get.next().id();
			notify(client, "2");
			assertThat(get.next().id()).isNotNull();
			try (Exchange resume = client.get(cursor)) {
				assertThat(numbers(List.of(resume.next()))).containsExactly("2");
			}
		}
	}

	@Test
	void leavesTheConnectionOpenWhenAToolWouldCloseItDuringAnOutage() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		try (Exchange call = client.call(1, "steps", "{\"n\":1,\"gates\":[\"a\",\"b\"],\"close\":true}")) {
			readUntil(call, "\"1\"");
			this.tools.awaitReached("a");
			this.store.fail();
			this.tools.open("a");
			readUntil(call, "\"2\"");
			this.tools.open("b");

			assertThat(call.rest()).singleElement()
				.satisfies((event) -> assertThat(event.data()).contains("closed false"));
		}
	}

	@Test
	void deliversInOrderAndOnceFromASlowStore() throws Exception {
		RawMcpClient client = start(this.store).initialize();
		this.store.delayWrites(Duration.ofMillis(20));

		try (Exchange call = client.call(1, "count", "{\"n\":3000}")) {
			List<SseEvent> events = call.rest();
			assertThat(numbers(events)).containsExactlyElementsOf(range(1, 3000));
			assertThat(events).extracting(SseEvent::id).doesNotContainNull().doesNotHaveDuplicates();
		}
	}

	@Test
	void refusesCallsDuringAnOutageWhereThatIsAskedFor() throws Exception {
		RawMcpClient client = startRejecting(1_000_000);
		this.store.fail();

		try (Exchange call = client.call("r", "count", "{}")) {
			assertThat(call.status()).isEqualTo(503);
			assertThat(call.header("Retry-After")).isEqualTo("1");
			assertThat(call.header("Content-Type")).startsWith("application/json");
			assertThat(call.body()).contains("\"id\":\"r\",\"error\"");
		}
		this.store.recover();
		try (Exchange call = client.call("r", "count", "{}")) {
			assertThat(last(call.rest()).data()).contains("counted 3");
		}
	}

	@Test
	void failsAToolsMessageThatIsNotStoredWhereThatIsAskedFor() throws Exception {
		RawMcpClient client = startRejecting(1_000_000);
		try (Exchange call = client.call(1, "steps", "{\"n\":1,\"gates\":[\"a\",\"b\"]}")) {
			readUntil(call, "\"1\"");
			this.tools.awaitReached("a");
			this.store.fail();
			this.tools.open("a");

			List<SseEvent> events = call.rest();
			assertThat(events).singleElement()
				.satisfies((event) -> assertThat(event.data()).contains("\"id\":1").contains("told to fail"));
		}
	}

	@Test
	void failsEverySenderWhoseMessageIsDroppedWhereThatIsAskedFor() throws Exception {
		RawMcpClient client = startRejecting(10_000);
		try (Exchange call = client.call(1, "tries", "{\"threads\":8,\"bytes\":6000,\"gate\":\"g\"}")) {
			call.next();
			this.tools.awaitReached("g");
			this.store.fail();
			this.tools.open("g");
			assertThat(last(call.rest()).data()).contains("failed 8");
		}
	}

	private RawMcpClient startRejecting(int maxUnstoredBytes) throws Exception {
		return start(this.store,
				StreamableHttpOptions.builder()
					.onStoreFailure(StoreFailurePolicy.REJECT)
					.maxUnstoredBytes(maxUnstoredBytes))
			.initialize();
	}

	private void notify(RawMcpClient client, String data) {
		endpoint().notifyClient(client.sessionId(), "notifications/message", Map.of("level", "info", "data", data))
			.block();
	}

}
