package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What clients of revision 2026-07-28 that listen to changes are told, and until when.
 */
public abstract class SubscriptionContractTests extends AbstractModernTests {

	private static final String ALL = "{\"toolsListChanged\":true,\"promptsListChanged\":true,"
			+ "\"resourcesListChanged\":true,\"resourceSubscriptions\":[\"test://a\",\"test://b\"]}";

	private static final String ID = "io.modelcontextprotocol/subscriptionId";

	@ParameterizedTest
	@ValueSource(strings = { "7", "\"seven\"" })
	void acknowledgesFirst(String id) throws Exception {
		start();
		try (Exchange listen = listen(ALL).id(id).send()) {
			assertThat(listen.status()).isEqualTo(200);
			assertThat(listen.header("Content-Type")).startsWith("text/event-stream");
			assertThat(listen.header("X-Accel-Buffering")).isEqualTo("no");

			SseEvent event = listen.next();

			assertThat(event).extracting(SseEvent::id, SseEvent::retry).containsOnlyNulls();
			Map<String, Object> acknowledged = json(event.data());
			assertThat(acknowledged).containsEntry("method", "notifications/subscriptions/acknowledged")
				.doesNotContainKey("id");
			assertThat(at(acknowledged, "params", "notifications")).isEqualTo(json(ALL));
			assertThat(event.data()).contains("\"" + ID + "\":" + id);
		}
	}

	@Test
	void acknowledgesFirstWhileThingsChange() throws Exception {
		start();
		AtomicBoolean stopped = new AtomicBoolean();
		CompletableFuture<Void> changes = async(() -> {
			while (!stopped.get()) {
				this.tools.running().notifyToolsListChanged();
				update("test://a");
			}
			return null;
		});
		for (int i = 0; i < 30; i++) {
			try (Exchange listen = listen(ALL).send()) {
				assertThat(listen.next().data()).contains("subscriptions/acknowledged");
				assertThat(listen.next().data()).doesNotContain("subscriptions/acknowledged");
			}
		}
		stopped.set(true);
		changes.join();
	}

	@Test
	void agreesOnlyToWhatTheServerTells() throws Exception {
		// It has tools, and no resources and prompts
		startAsync(StreamableHttpOptions.builder().modern(ModernOptions.defaults()));
		try (Exchange listen = listen("{\"toolsListChanged\":true,\"promptsListChanged\":true,"
				+ "\"resourcesListChanged\":true,\"resourceSubscriptions\":[\"test://a\"],\"unknown\":1}")
			.send()) {
			assertThat(at(json(listen.next().data()), "params", "notifications"))
				.isEqualTo(Map.of("toolsListChanged", true));
		}
	}

	@Test
	void saysWhatItTells() throws Exception {
		start();
		try (Exchange discover = request("server/discover", "").send()) {
			Map<String, Object> answer = json(discover);
			assertThat(at(answer, "result", "capabilities", "tools", "listChanged")).isEqualTo(true);
			assertThat(at(answer, "result", "capabilities", "prompts", "listChanged")).isEqualTo(true);
			assertThat(at(answer, "result", "capabilities", "resources", "listChanged")).isEqualTo(true);
			assertThat(at(answer, "result", "capabilities", "resources", "subscribe")).isEqualTo(true);
		}
	}

	@Test
	void tellsWhatWasAskedForAndNothingElse() throws Exception {
		start();
		try (Exchange tools = opened("{\"toolsListChanged\":true}", "1");
				Exchange prompts = opened("{\"promptsListChanged\":true,\"toolsListChanged\":false}", "2");
				Exchange resources = opened("{\"resourcesListChanged\":true}", "3");
				Exchange updates = opened("{\"resourceSubscriptions\":[\"test://b\"]}", "\"4\"");
				Exchange nothing = opened("{}", "5")) {
			endpoint().notifyClients("notifications/message", Map.of("level", "info", "data", "1")).block();
			update("test://a");
			this.tools.running().notifyResourcesListChanged();
			this.tools.running().notifyPromptsListChanged();
			this.tools.running().notifyToolsListChanged();
			update("test://b");
			endpoint().closeGracefully().block(Duration.ofSeconds(20));

			assertTold(tools, "1", "notifications/tools/list_changed");
			assertTold(prompts, "2", "notifications/prompts/list_changed");
			assertTold(resources, "3", "notifications/resources/list_changed");
			assertTold(updates, "\"4\"", "notifications/resources/updated");
			assertTold(nothing, "5");
		}
	}

	@Test
	void tellsWhichResourceWasUpdated() throws Exception {
		start();
		try (Exchange listen = opened(ALL, "1")) {
			this.tools.running()
				.notifyResourcesUpdated(new ResourcesUpdatedNotification("test://b", Map.of("version", 7)));

			Map<String, Object> updated = json(listen.next().data());

			assertThat(updated).containsEntry("method", "notifications/resources/updated");
			assertThat(at(updated, "params", "uri")).isEqualTo("test://b");
			assertThat(at(updated, "params", "_meta", ID)).isEqualTo(1);
			assertThat(at(updated, "params", "_meta", "version")).isEqualTo(7);
		}
	}

	@Test
	void tellsClientsOfBothEras() throws Exception {
		RawMcpClient legacy = start().initialize();
		try (Exchange get = legacy.get(null); Exchange listen = opened(ALL, "1")) {
			get.next();

			addTool("new", Map.of("type", "object"), (exchange, request) -> text("new"));

			assertThat(get.next().data()).contains("tools/list_changed").doesNotContain("subscriptionId");
			assertThat(listen.next().data()).contains("tools/list_changed").contains("subscriptionId");
		}
	}

	@Test
	void sendsHeartbeats() throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		try (Exchange listen = opened(ALL, "1")) {
			listen.awaitComment();
			listen.awaitComment();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void endsWithItsConnection(boolean reset) throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		try (Exchange listen = opened(ALL, "1")) {
			assertThat(listening()).isEqualTo(1);
			if (reset) {
				listen.cut();
			}
			else {
				listen.close();
			}

			await().until(() -> listening() == 0);
		}
	}

	@Test
	void endsWithAResultWhenTheServerShutsDown() throws Exception {
		start();
		try (Exchange listen = opened(ALL, "\"x\"")) {
			endpoint().closeGracefully().block(Duration.ofSeconds(20));

			List<SseEvent> rest = listen.rest();

			assertThat(rest).hasSize(1);
			Map<String, Object> ended = json(rest.get(0).data());
			assertThat(ended).containsEntry("id", "x");
			assertThat(at(ended, "result", "resultType")).isEqualTo("complete");
			assertThat(at(ended, "result", "_meta", ID)).isEqualTo("x");
		}
	}

	@Test
	void endsAtOnceThoughARequestRunsOn() throws Exception {
		start();
		try (Exchange call = call("gated", "{\"gate\":\"g\"}").field("logLevel", "\"info\"").send();
				Exchange listen = opened(ALL, "1")) {
			call.next();
			CompletableFuture<Void> shutdown = endpoint().shutDown(Duration.ofMinutes(1)).toFuture();

			assertThat(listen.rest()).singleElement().extracting(SseEvent::data).asString().contains("complete");
			try (Exchange late = listen(ALL).send()) {
				assertThat(late.status()).isEqualTo(503);
				assertThat(late.header("Retry-After")).isEqualTo("1");
			}
			this.tools.open("g");
			assertThat(last(call.rest()).data()).contains("counted 3");
			shutdown.join();
		}
	}

	@Test
	void refusesOneTooMany() throws Exception {
		start(ModernOptions.builder().maxSubscriptions(2).heartbeatInterval(Duration.ofMillis(50)));
		try (Exchange first = opened(ALL, "1"); Exchange second = opened(ALL, "2")) {
			try (Exchange third = listen(ALL).send()) {
				assertThat(third.status()).isEqualTo(503);
				assertThat(third.header("Retry-After")).isEqualTo("1");
				assertThat(third.body()).contains("-32603").contains("too many clients are listening");
			}
			first.cut();
			await().until(() -> listening() == 1);
			opened(ALL, "4").close();
			update("test://a");
			assertThat(second.next().data()).contains("test://a");
		}
	}

	@Test
	@Tag("slow")
	void bearsAClientThatListensTenThousandTimes() throws Exception {
		start(ModernOptions.builder().maxSubscriptions(60).maxSubscriptionsPerPrincipal(50));
		List<Exchange> open = new ArrayList<>();
		int refused = 0;
		for (int i = 0; i < 10_000; i++) {
			Exchange listen = new ModernPost(client().user("alice"), "subscriptions/listen", "\"notifications\":" + ALL)
				.send();
			if (listen.status() == 200) {
				open.add(listen);
			}
			else {
				assertThat(listen.status()).isEqualTo(503);
				refused++;
				listen.close();
			}
		}

		assertThat(open).hasSize(50);
		assertThat(refused).isEqualTo(9950);
		assertThat(listening()).isEqualTo(50);
		try (Exchange other = opened(ALL, "1")) {
			update("test://a");
			assertThat(other.next().data()).contains("test://a");
		}
		for (Exchange listen : open) {
			listen.close();
		}
	}

	@Test
	void tellsOthersThoughOneReadsNothing() throws Exception {
		start();
		String padding = "-".repeat(1024);
		try (Exchange stalled = new ModernPost(client().stalling(), "subscriptions/listen", "\"notifications\":" + ALL)
			.send(); Exchange reading = opened(ALL, "1")) {
			for (int i = 1; i <= 10_000; i++) {
				this.tools.running()
					.notifyResourcesUpdated(
							new ResourcesUpdatedNotification("test://a", Map.of("number", i, "padding", padding)));
			}

			readUntil(reading, "\"number\":10000");
			// What the sockets hold, and the last change behind it
			assertThat(readUntil(stalled, "\"number\":10000")).hasSizeLessThan(10_000);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "\"notifications\":[]", "\"notifications\":{\"toolsListChanged\":1}",
			"\"notifications\":{\"resourceSubscriptions\":\"test://a\"}",
			"\"notifications\":{\"resourceSubscriptions\":[1]}" })
	void refusesAFilterThatIsNone(String params) throws Exception {
		start();
		try (Exchange exchange = request("subscriptions/listen", params).send()) {
			assertThat(exchange.status()).isEqualTo(400);
			assertThat(exchange.body()).contains("-32602").contains("notifications");
		}
		assertThat(listening()).isZero();
	}

	private ModernPost listen(String filter) {
		return request("subscriptions/listen", "\"notifications\":" + filter);
	}

	private Exchange opened(String filter, String id) throws Exception {
		Exchange listen = listen(filter).id(id).send();
		assertThat(listen.next().data()).contains("subscriptions/acknowledged");
		return listen;
	}

	private void update(String uri) {
		this.tools.running().notifyResourcesUpdated(new ResourcesUpdatedNotification(uri));
	}

	private int listening() {
		return endpoint().statistics().connections().get(ConnectionKind.SUBSCRIPTION);
	}

	private static void assertTold(Exchange listen, String id, String... methods) throws Exception {
		List<SseEvent> events = listen.rest();
		assertThat(events).hasSize(methods.length + 1)
			.allSatisfy((event) -> assertThat(event.data()).contains("\"" + ID + "\":" + id));
		for (int i = 0; i < methods.length; i++) {
			assertThat(events.get(i).data()).contains("\"" + methods[i] + "\"");
		}
		assertThat(last(events).data()).contains("\"resultType\":\"complete\"");
	}

}
