package io.github.mcppersist.test.transport;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of a request that its client cancels (MCP 2025-11-25, "Cancellation").
 */
public abstract class CancellationContractTests extends AbstractStreamableHttpTests {

	private final RecordingObserver observer = new RecordingObserver();

	private @Nullable Executor handlers;

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
		if (this.handlers != null) {
			builder.executor(this.handlers);
		}
	}

	@Test
	void interruptsTheToolAndEndsTheStreamWithoutAResponse() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call("c", "stoppable", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			this.tools.awaitReached("g");

			cancel(client, "\"c\"");

			this.tools.awaitOpen("interrupted");
			this.tools.awaitOpen("not asked");
			assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
			awaitNothingRuns();
			await().untilAsserted(() -> assertThat(this.observer.cancelled).hasValue(1));
			try (Exchange resume = client.get(cursor)) {
				assertThat(resume.status()).isEqualTo(204);
			}
		}
	}

	@Test
	void leavesNoThreadInterrupted() throws Exception {
		ExecutorService one = Executors.newSingleThreadExecutor();
		this.handlers = one;
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "stoppable", "{\"gate\":\"g\"}")) {
			this.tools.awaitReached("g");
			cancel(client, "1");
			call.rest();

			assertThat(one.submit(() -> Thread.currentThread().isInterrupted()).get()).isFalse();
		}
		finally {
			one.shutdownNow();
		}
	}

	@Test
	void cancelsARequestThatWaitsForAThread() throws Exception {
		ExecutorService one = Executors.newSingleThreadExecutor();
		this.handlers = one;
		RawMcpClient client = start().initialize();
		try (Exchange first = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			this.tools.awaitReached("g");
			try (Exchange second = client.call(2, "count", "{}")) {
				second.next();

				cancel(client, "2");

				assertThat(second.rest()).extracting(SseEvent::data).containsOnly("");
			}
			this.tools.open("g");
			assertThat(last(first.rest()).data()).contains("counted 3");
		}
		finally {
			one.shutdown();
		}
		awaitNothingRuns();
	}

	@Test
	void disposesAnAsynchronousHandler() throws Exception {
		RawMcpClient client = startAsync(StreamableHttpOptions.builder()).initialize();
		try (Exchange call = client.call(1, "stoppable", "{}")) {
			this.tools.awaitReached("stoppable");

			cancel(client, "1");

			this.tools.awaitOpen("cancelled");
			assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
		}
		awaitNothingRuns();
	}

	@Test
	void releasesWhatTheToolWaitsForFromItsClient() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		// Often, since the tool is interrupted while it is told that nobody will answer
		for (int id = 1; id <= 20; id++) {
			try (Exchange call = client.call(id, "elicit", "{}")) {
				readUntil(call, "elicitation/create");

				cancel(client, Integer.toString(id));

				assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
			}
		}
		awaitNothingRuns();
	}

	@Test
	void goesOnWithTheOtherRequestsOfABatch() throws Exception {
		RawMcpClient client = start().protocolVersion("2025-03-26").initialize();
		try (Exchange batch = client.post("[" + gated("1", "g") + "," + gated("2", "h") + "]")) {
			this.tools.awaitReached("g");
			this.tools.awaitReached("h");
			cancel(client, "1");
			await().until(() -> this.observer.cancelled.get() == 1);
			this.tools.open("h");

			assertThat(batch.rest()).extracting(SseEvent::data)
				.filteredOn((data) -> data.contains("\"id\""))
				.singleElement()
				.asString()
				.contains("\"id\":2");
		}
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", ",\"params\":null", ",\"params\":[]", ",\"params\":{}", ",\"params\":{\"requestId\":null}",
					",\"params\":{\"requestId\":{}}", ",\"params\":{\"requestId\":\"other\"}",
					",\"params\":{\"requestId\":\"1\"}", ",\"params\":{\"requestId\":\"init\"}" })
	void ignoresWhatNamesNoRunningRequest(String params) throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			this.tools.awaitReached("g");

			try (Exchange post = client
				.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"" + params + "}")) {
				assertThat(post.status()).isEqualTo(202);
			}

			this.tools.open("g");
			assertThat(last(call.rest()).data()).contains("counted 3");
		}
		cancel(client, "1");
		assertThat(this.observer.cancelled).hasValue(0);
	}

	@Test
	void ignoresTheRequestOfAnotherSession() throws Exception {
		RawMcpClient client = start().initialize();
		RawMcpClient mallory = client().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			this.tools.awaitReached("g");

			cancel(mallory, "1");

			this.tools.open("g");
			assertThat(last(call.rest()).data()).contains("counted 3");
		}
	}

	@Test
	void endsTheStreamAlsoDuringAnOutage() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store).initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			this.tools.awaitReached("g");
			store.fail();

			cancel(client, "1");

			List<SseEvent> rest = call.rest();
			assertThat(numbers(rest)).containsExactly("1");
			assertThat(rest).extracting(SseEvent::data).noneMatch((data) -> data.contains("\"id\""));
			store.recover();
			awaitNothingRuns();
			try (Exchange resume = client.get(cursor)) {
				assertThat(numbers(resume.rest())).containsExactly("1");
			}
		}
	}

	private void awaitNothingRuns() {
		await().until(() -> endpoint().statistics().runningRequests() == 0);
	}

	private static void cancel(RawMcpClient client, String requestId) throws Exception {
		try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
				+ "\"requestId\":" + requestId + ",\"reason\":\"no more\"}}")) {
			assertThat(post.status()).isEqualTo(202);
		}
	}

	private static String gated(String id, String gate) {
		return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"tools/call\",\"params\":{\"name\":\"gated\","
				+ "\"arguments\":{\"gate\":\"" + gate + "\"}}}";
	}

}
