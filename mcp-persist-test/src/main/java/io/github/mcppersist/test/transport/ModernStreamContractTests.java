package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamConnection;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What goes over the response to a request of revision 2026-07-28, and what its end
 * means.
 */
public abstract class ModernStreamContractTests extends AbstractModernTests {

	private static final Map<String, Object> ANY = Map.of("type", "object");

	private final RecordingObserver observer = new RecordingObserver();

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
	}

	@Test
	void answersAsJsonIfTheResultIsTheFirstToSend() throws Exception {
		start();
		try (Exchange exchange = call("count", "{}").send()) {
			assertThat(exchange.header("Content-Type")).startsWith("application/json");
			assertThat(exchange.header("Cache-Control")).isEqualTo("no-store");
			assertThat(exchange.body()).contains("counted 3").doesNotContain("notifications/message");
		}
	}

	@Test
	void answersAsAStreamIfAMessageComesFirst() throws Exception {
		start();
		try (Exchange exchange = call("gated", "{\"gate\":\"g\"}").field("logLevel", "\"info\"").send()) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("Content-Type")).startsWith("text/event-stream");
			assertThat(exchange.header("X-Accel-Buffering")).isEqualTo("no");
			assertThat(exchange.header("Cache-Control")).contains("no-store").contains("no-transform");
			assertThat(exchange.next().data()).contains("notifications/message");
			this.tools.open("g");

			List<SseEvent> rest = exchange.rest();
			assertThat(numbers(rest)).containsExactly("2", "3");
			assertThat(last(rest).data()).contains("\"resultType\":\"complete\"").contains("counted 3");
			assertThat(rest).allMatch((event) -> event.id() == null && event.retry() == null);
		}
		awaitNothingRuns();
	}

	@Test
	void beginsTheStreamWithTheFirstHeartbeat() throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		try (Exchange exchange = call("gated", "{\"gate\":\"g\",\"before\":0}").send()) {
			assertThat(exchange.header("Content-Type")).startsWith("text/event-stream");
			exchange.awaitComment();
			exchange.awaitComment();
			this.tools.open("g");

			assertThat(exchange.rest()).singleElement().extracting(SseEvent::data).asString().contains("counted 3");
		}
	}

	@Test
	void givesAnErrorOnTheStreamOnceThatHasBegun() throws Exception {
		start();
		addTool("late", ANY, (exchange, request) -> {
			log(exchange, LoggingLevel.INFO, "first");
			exchange.createElicitation(ElicitRequest.builder("Go on?", Map.of("type", "object")).build());
			return text("never");
		});
		try (Exchange exchange = call("late", "{}").field("logLevel", "\"info\"").send()) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(last(exchange.rest()).data()).contains("-32021").contains("requiredCapabilities");
		}
	}

	@Test
	void closesNoConnectionForATool() throws Exception {
		start();
		addTool("close", ANY, (exchange, request) -> text("closed " + StreamConnection.of(exchange).close()));
		try (Exchange exchange = call("close", "{}").send()) {
			assertThat(exchange.body()).contains("closed false");
		}
	}

	// Notifications

	@ParameterizedTest
	@CsvSource({ "\"p\"", "7", "9007199254740993" })
	void sendsProgressThatRises(String token) throws Exception {
		start();
		addTool("progress", ANY, (exchange, request) -> {
			Object own = request.progressToken();
			for (double progress : new double[] { 1, 1, 0.5, 2, Double.NaN, 3 }) {
				exchange.progressNotification(ProgressNotification.builder(own, progress).build());
				exchange.progressNotification(ProgressNotification.builder("foreign", progress + 100).build());
			}
			return text("done");
		});
		try (Exchange exchange = call("progress", "{}").meta("progressToken", token).send()) {
			List<SseEvent> events = exchange.rest();
			assertThat(events).hasSize(4);
			for (int i = 0; i < 3; i++) {
				assertThat(events.get(i).data()).contains("notifications/progress")
					.contains("\"progressToken\":" + token)
					.contains("\"progress\":" + (i + 1) + ".0");
			}
		}
	}

	@Test
	void sendsNoProgressThatNobodyAskedFor() throws Exception {
		start();
		addTool("progress", ANY, (exchange, request) -> {
			exchange.progressNotification(ProgressNotification.builder("made up", 1).build());
			return text("done");
		});
		try (Exchange exchange = call("progress", "{}").send()) {
			assertThat(exchange.body()).contains("done").doesNotContain("notifications/progress");
		}
	}

	@Test
	void sendsNothingBehindTheResponse() throws Exception {
		start();
		CountDownLatch answered = new CountDownLatch(1);
		CountDownLatch sent = new CountDownLatch(1);
		addTool("late", ANY, (exchange, request) -> {
			Object token = request.progressToken();
			exchange.progressNotification(ProgressNotification.builder(token, 1).build());
			Thread later = new Thread(() -> {
				awaitLatch(answered);
				exchange.progressNotification(ProgressNotification.builder(token, 2).build());
				sent.countDown();
			});
			later.setDaemon(true);
			later.start();
			return text("done");
		});
		try (Exchange exchange = call("late", "{}").meta("progressToken", "1").send()) {
			assertThat(readUntil(exchange, "done")).hasSize(2);
			answered.countDown();

			assertThat(sent.await(20, TimeUnit.SECONDS)).isTrue();
			assertThat(exchange.rest()).isEmpty();
		}
	}

	@ParameterizedTest
	@CsvSource({ "debug, 8", "info, 7", "warning, 5", "emergency, 1" })
	void sendsLogMessagesOfTheLevelThatIsAskedFor(String level, int messages) throws Exception {
		start();
		try (Exchange exchange = call("levels", "{}").field("logLevel", "\"" + level + "\"").send()) {
			assertThat(exchange.rest()).filteredOn((event) -> event.data().contains("notifications/message"))
				.hasSize(messages);
		}
	}

	@Test
	void sendsNoLogMessagesUnlessAsked() throws Exception {
		start();
		try (Exchange exchange = call("levels", "{}").send()) {
			assertThat(exchange.header("Content-Type")).startsWith("application/json");
			assertThat(exchange.body()).doesNotContain("notifications/message");
		}
	}

	@Test
	void infersNothingFromEarlierRequests() throws Exception {
		start();
		try (Exchange first = call("levels", "{}").field("logLevel", "\"debug\"")
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send(); Exchange second = call("levels", "{}").send(); Exchange third = call("whoami", "{}").send()) {
			assertThat(first.rest()).hasSize(9);
			assertThat(second.body()).doesNotContain("notifications/message");
			assertThat(third.body()).contains("raw false");
		}
	}

	@Test
	void sendsNoBroadcastsOnTheResponseToARequest() throws Exception {
		start();
		try (Exchange exchange = call("gated", "{\"gate\":\"g\"}").field("logLevel", "\"info\"").send()) {
			exchange.next();
			addTool("new", ANY, (unused, request) -> text("new"));
			this.tools.open("g");

			assertThat(exchange.rest()).noneMatch((event) -> event.data().contains("list_changed"));
		}
	}

	// The end of the response

	@Test
	void cancelsARequestWhoseClientGoesBeforeTheFirstMessage() throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		try (Exchange exchange = call("stoppable", "{\"gate\":\"g\"}").send()) {
			this.tools.awaitReached("g");
			exchange.cut();

			this.tools.awaitOpen("interrupted");
		}
		// It goes on sending, asking and answering
		this.tools.awaitOpen("not asked");
		awaitNothingRuns();
		await().untilAsserted(() -> assertThat(this.observer.cancelled).hasValue(1));
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void cancelsARequestWhoseClientGoesInTheMiddle(boolean reset) throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		addTool("works", ANY, (exchange, request) -> {
			log(exchange, LoggingLevel.INFO, "begun");
			try {
				Thread.currentThread().join(60_000);
			}
			catch (InterruptedException ex) {
				this.tools.open("interrupted");
			}
			log(exchange, LoggingLevel.INFO, "too late");
			return text("too late");
		});
		try (Exchange exchange = call("works", "{}").field("logLevel", "\"info\"").send()) {
			assertThat(exchange.next().data()).contains("begun");
			if (reset) {
				exchange.cut();
			}
			else {
				exchange.close();
			}

			this.tools.awaitOpen("interrupted");
		}
		awaitNothingRuns();
		await().untilAsserted(() -> assertThat(this.observer.cancelled).hasValue(1));
	}

	@Test
	void disposesAnAsynchronousHandlerWhoseClientGoes() throws Exception {
		startAsync(StreamableHttpOptions.builder()
			.modern(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)).build()));
		try (Exchange exchange = call("stoppable", "{}").send()) {
			this.tools.awaitReached("stoppable");
			exchange.cut();

			this.tools.awaitOpen("cancelled");
		}
		awaitNothingRuns();
	}

	@Test
	void leavesACompletedRequestAlone() throws Exception {
		start();
		try (Exchange exchange = call("count", "{}").field("logLevel", "\"info\"").send()) {
			exchange.rest();
		}
		awaitNothingRuns();
		assertThat(this.observer.cancelled).hasValue(0);
	}

	@Test
	void keepsLittleForAClientThatReadsSlowly() throws Exception {
		start(StreamableHttpOptions.builder().maxConnectionBytes(64 * 1024).modern(ModernOptions.defaults()));
		AtomicInteger sent = new AtomicInteger();
		String padding = "-".repeat(16 * 1024);
		addTool("flood", ANY, (exchange, request) -> {
			for (int i = 1; i <= 600; i++) {
				log(exchange, LoggingLevel.INFO, i + padding);
				sent.set(i);
			}
			return text("flooded");
		});
		try (Exchange exchange = ModernPost.call(client().stalling(), "flood", "{}")
			.field("logLevel", "\"info\"")
			.send()) {
			// What the sockets take is not ours; the tool waits for the rest
			AtomicInteger seen = new AtomicInteger(-1);
			await().during(Duration.ofMillis(500)).until(() -> seen.getAndSet(sent.get()) == sent.get());
			int before = sent.get();

			List<SseEvent> events = exchange.rest();

			assertThat(before).isLessThan(600);
			assertThat(numbers(events)).isEqualTo(range(1, 600));
			assertThat(last(events).data()).contains("flooded");
		}
		awaitNothingRuns();
	}

	@Test
	void endsWhatRunsWhenTheServerShutsDown() throws Exception {
		start();
		try (Exchange exchange = call("gated", "{\"gate\":\"g\"}").field("logLevel", "\"info\"").send()) {
			exchange.next();

			endpoint().closeGracefully().block(Duration.ofSeconds(20));

			assertThat(exchange.rest()).singleElement()
				.extracting(SseEvent::data)
				.asString()
				.contains("-32603")
				.contains("The server shut down");
		}
	}

	private static void log(McpSyncServerExchange exchange, LoggingLevel level, String data) {
		exchange.loggingNotification(LoggingMessageNotification.builder(level, data).build());
	}

	private static void awaitLatch(CountDownLatch latch) {
		try {
			latch.await(20, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Test
	void refusesOneRequestTooManyBeforeItAnswers() throws Exception {
		start(ModernOptions.builder().maxCalls(2));
		try (Exchange first = gated("alice"); Exchange second = gated(null)) {
			try (Exchange third = call("count", "{}").send()) {
				assertThat(third.status()).isEqualTo(503);
				assertThat(third.header("Retry-After")).isEqualTo("1");
				assertThat(third.body()).contains("-32603").contains("too many requests are running");
			}
			try (Exchange list = new ModernPost(client(), "tools/list", "").send()) {
				assertThat(list.status()).isEqualTo(200);
			}
			this.tools.open("g");
			assertThat(last(first.rest()).data()).contains("counted 3");
			assertThat(last(second.rest()).data()).contains("counted 3");
		}
		awaitNothingRuns();
		try (Exchange later = call("count", "{}").send()) {
			assertThat(later.status()).isEqualTo(200);
		}
	}

	@Test
	void letsNoPrincipalTakeAllCalls() throws Exception {
		start(ModernOptions.builder().maxCallsPerPrincipal(1));
		try (Exchange first = gated("alice")) {
			try (Exchange second = ModernPost.call(client().user("alice"), "count", "{}").send()) {
				assertThat(second.status()).isEqualTo(503);
				assertThat(second.body()).contains("too many requests of one principal");
			}
			try (Exchange other = ModernPost.call(client().user("bob"), "count", "{}").send()) {
				assertThat(other.status()).isEqualTo(200);
			}
			this.tools.open("g");
			assertThat(last(first.rest()).data()).contains("counted 3");
		}
		awaitNothingRuns();
	}

	private Exchange gated(@Nullable String user) throws Exception {
		Exchange exchange = ModernPost.call(client().user(user), "gated", "{\"gate\":\"g\"}")
			.field("logLevel", "\"info\"")
			.send();
		exchange.next();
		return exchange;
	}

	private void awaitNothingRuns() {
		await().until(() -> endpoint().statistics().runningRequests() == 0);
	}

}
