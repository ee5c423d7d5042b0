package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a client gets that lost its connection and comes back.
 */
public abstract class ResumeContractTests extends AbstractStreamableHttpTests {

	private static final int HAND_OVERS = 200;

	@Test
	void replaysWhatWasMissedAndThenTheLiveEventsUntilTheResponse() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "gated", "{\"before\":3,\"n\":6,\"gate\":\"g\"}")) {
			call.next();
			cursor = call.next().id();
			call.cut();
		}
		this.tools.awaitReached("g");

		List<SseEvent> resumed = new ArrayList<>();
		try (Exchange resume = client.get(cursor)) {
			resumed.add(resume.next());
			resumed.add(resume.next());
			this.tools.open("g");
			resumed.addAll(resume.rest());
		}

		assertThat(numbers(resumed)).containsExactly("2", "3", "4", "5", "6");
		assertThat(last(resumed).data()).contains("counted 6");
		assertThat(resumed).filteredOn((event) -> !event.data().isEmpty()).hasSize(6);
	}

	@Test
	void resumesFromEveryCursorOfACompleteStream() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call("a", "count", "{\"n\":20}")) {
			all = call.rest();
		}

		for (int i = 0; i < all.size() - 1; i++) {
			try (Exchange resume = client.get(all.get(i).id())) {
				assertThat(resume.rest()).extracting(SseEvent::id)
					.containsExactlyElementsOf(all.subList(i + 1, all.size()).stream().map(SseEvent::id).toList());
			}
		}
	}

	@Test
	void answersAResumeAtTheEndOfACompleteStreamWithNoContent() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call(1, "count", "{\"n\":1}")) {
			all = call.rest();
		}

		try (Exchange resume = client.get(last(all).id())) {
			assertThat(resume.status()).isEqualTo(204);
		}
	}

	@Test
	void closesTheConnectionOfACallThatStillReadsWhenAllOfItIsStored() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange stalled = client.stalling().call(1, "steps", "{\"n\":2000,\"bytes\":10000,\"gates\":[\"g\"]}")) {
			String cursor = stalled.next().id();
			this.tools.open("g");
			await().until(() -> endpoint().statistics().runningRequests() == 0);

			try (Exchange resumed = client.get(cursor)) {
				List<SseEvent> events = resumed.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(1, 2000));
				assertThat(last(events).data()).contains("took all steps");
			}

			assertThat(stalled.restOrCut()).filteredOn((event) -> event.data().contains("took all steps")).isEmpty();
		}
	}

	@Test
	void repeatsTheCursorAtOnceWhenAResumeHasNothingToSayYet() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}")) {
			call.next();
			cursor = call.next().id();
			call.cut();
		}
		this.tools.awaitReached("g");

		try (Exchange resume = client.get(cursor)) {
			SseEvent first = resume.next();
			assertThat(first.id()).isEqualTo(cursor);
			assertThat(first.data()).isEmpty();
			this.tools.open("g");
			assertThat(numbers(resume.rest())).containsExactly("2");
		}
	}

	@Test
	void handsOverFromReplayToLiveWithoutAGapOrARepetition() throws Exception {
		RawMcpClient client = start().initialize();
		Random random = new Random(42);
		List<SseEvent> seen = new ArrayList<>();
		try (Exchange call = client.call(1, "pour", "{\"gate\":\"g\",\"micros\":50}")) {
			seen.add(call.next());
			seen.addAll(readUntil(call, "\"50\""));
			call.cut();
		}

		for (int round = 0; round < HAND_OVERS; round++) {
			int from = seen.size() - 1 - random.nextInt(30);
			seen = new ArrayList<>(seen.subList(0, from + 1));
			try (Exchange resume = client.get(seen.get(from).id())) {
				for (int left = 30 + random.nextInt(60); left > 0; left--) {
					SseEvent event = resume.next();
					if (!event.data().isEmpty()) {
						seen.add(event);
					}
				}
				resume.cut();
			}
		}
		this.tools.open("g");
		try (Exchange resume = client.get(last(seen).id())) {
			seen.addAll(resume.rest());
		}

		List<String> numbers = numbers(seen);
		assertThat(numbers).containsExactlyElementsOf(range(1, numbers.size()));
		assertThat(last(seen).data()).contains("poured " + numbers.size() + "\"");
	}

	@Test
	void closesTheOlderConnectionWhenANewerOneResumes() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			try (Exchange resume = client.get(cursor)) {
				assertThat(numbers(List.of(resume.next()))).containsExactly("1");
				assertThat(call.next()).isNull();
				this.tools.open("g");
				assertThat(numbers(resume.rest())).containsExactly("2");
			}
		}
	}

	@Test
	void resumesWhileTheOldConnectionIsHalfOpen() throws Exception {
		RawMcpClient client = start().initialize();
		// Its client takes nothing more and never closes it
		try (Exchange halfOpen = client.stalling()
			.call(1, "steps", "{\"n\":1000,\"bytes\":5000,\"gates\":[\"a\",\"b\"]}")) {
			String cursor = halfOpen.next().id();
			this.tools.awaitReached("a");

			try (Exchange resume = client.get(cursor)) {
				this.tools.open("a");
				this.tools.open("b");
				List<SseEvent> events = resume.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(1, 2000));
				assertThat(last(events).data()).contains("took all steps");
			}
		}
	}

	@Test
	void letsExactlyOneOfTwoResumesAtOnceSurvive() throws Exception {
		RawMcpClient client = start().initialize();
		for (int round = 0; round < 10; round++) {
			String gate = "g" + round;
			String cursor;
			try (Exchange call = client.call(round, "gated", "{\"before\":5,\"n\":10,\"gate\":\"" + gate + "\"}")) {
				cursor = call.next().id();
				this.tools.awaitReached(gate);
				call.cut();
			}

			CompletableFuture<List<SseEvent>> one = async(() -> resume(client, cursor));
			CompletableFuture<List<SseEvent>> other = async(() -> resume(client, cursor));
			CompletableFuture.anyOf(one, other).join();
			this.tools.open(gate);

			List<List<SseEvent>> both = List.of(one.join(), other.join());
			assertThat(both.stream().filter(ResumeContractTests::isAnswered)).hasSize(1);
			for (List<SseEvent> events : both) {
				assertThat(numbers(events))
					.containsExactlyElementsOf(isAnswered(events) ? range(1, 10) : range(1, numbers(events).size()));
			}
		}
	}

	@Test
	void resumesAfterADisconnectInTheMiddleOfAnEvent() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "large", "{\"bytes\":1000000}")) {
			cursor = call.next().id();
			for (int i = 0; i < 5000; i++) {
				call.read();
			}
			call.cut();
		}

		try (Exchange resume = client.get(cursor)) {
			List<SseEvent> events = resume.rest();
			assertThat(events).hasSize(1);
			assertThat(events.get(0).data()).hasSizeGreaterThan(1_000_000).endsWith("}");
		}
	}

	@Test
	void deliversAndReplaysAnEventOfTwentyMegabytes() throws Exception {
		RawMcpClient client = start().initialize();
		int bytes = 20 * 1024 * 1024;
		List<SseEvent> events;
		try (Exchange call = client.call(1, "large", "{\"bytes\":" + bytes + "}")) {
			events = call.rest();
		}

		assertThat(last(events).data().length()).isGreaterThan(bytes);
		try (Exchange resume = client.get(events.get(0).id())) {
			List<SseEvent> replayed = resume.rest();
			assertThat(replayed).hasSize(1);
			assertThat(replayed.get(0).data().equals(last(events).data())).isTrue();
		}
	}

	@Test
	void tellsNobodyWhyAnEventIdIsRefused() throws Exception {
		MutableClock clock = new MutableClock();
		RawMcpClient client = start(InMemoryEventStore.builder().clock(clock).build()).initialize();
		String expired = firstId(client);
		clock.advance(Duration.ofHours(2));
		String id = firstId(client);
		String foreign = firstId(client().initialize());

		List<String> answers = new ArrayList<>();
		for (String cursor : List.of("nonsense", foreign, expired, "AAAAAAAAAAAAAAAA_1_0000000000",
				id.replaceFirst("_1_", "_99_"), id + "x", "}{", id.substring(0, id.length() - 6) + "zzzzzz",
				id.substring(0, id.length() - 6) + "000000", "x".repeat(3000))) {
			try (Exchange resume = client.get(cursor)) {
				answers.add(resume.status() + " " + resume.body());
			}
		}

		assertThat(answers.stream().distinct()).hasSize(1);
		assertThat(answers.get(0)).startsWith("400 {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{");
		try (Exchange resume = client.get(id)) {
			assertThat(resume.status()).isEqualTo(200);
		}
	}

	@Test
	void answersTheRequestOfATrimmedCursorWithAnErrorOnTheStream() throws Exception {
		RawMcpClient client = start(InMemoryEventStore.builder().maxEventsPerStream(10).build()).initialize();
		List<SseEvent> events;
		try (Exchange call = client.call("mine", "count", "{\"n\":50}")) {
			events = call.rest();
		}

		try (Exchange resume = client.get(events.get(3).id())) {
			assertThat(resume.status()).isEqualTo(200);
			assertThat(resume.header("Content-Type")).startsWith("text/event-stream");
			assertThat(resume.rest()).singleElement()
				.satisfies((event) -> assertThat(event.data())
					.startsWith("{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"error\":{\"code\":-32000,"));
		}
		try (Exchange resume = client.get(events.get(48).id())) {
			assertThat(numbers(resume.rest())).containsExactly("49", "50");
		}
	}

	@Test
	void closesAConnectionThatFellBehindWhatIsKept() throws Exception {
		RawMcpClient client = start(InMemoryEventStore.builder().maxBytesPerStream(1_000_000).build()).initialize();
		try (Exchange call = client.stalling()
			.call(1, "steps", "{\"n\":3000,\"bytes\":10000,\"gates\":[\"a\",\"b\"]}")) {
			this.tools.awaitReached("a");

			List<SseEvent> events = call.rest();

			List<String> numbers = numbers(events);
			assertThat(numbers).hasSizeLessThan(3000).containsExactlyElementsOf(range(1, numbers.size()));
			try (Exchange resume = client.get(last(events).id())) {
				assertThat(resume.rest()).singleElement()
					.satisfies((event) -> assertThat(event.data()).contains("\"id\":1,\"error\""));
			}
		}
	}

	private static List<SseEvent> resume(RawMcpClient client, String cursor) throws Exception {
		try (Exchange resume = client.get(cursor)) {
			return resume.rest();
		}
	}

	private static boolean isAnswered(List<SseEvent> events) {
		return !events.isEmpty() && last(events).data().contains("counted");
	}

	private static String firstId(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(1, "count", "{}")) {
			return call.rest().get(0).id();
		}
	}

}
