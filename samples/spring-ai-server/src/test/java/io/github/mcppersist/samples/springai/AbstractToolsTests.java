package io.github.mcppersist.samples.springai;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.util.function.ThrowingConsumer;

import io.github.mcppersist.samples.springai.Instance.Mode;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisExtension;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a client gets from two instances of a sample on one Redis.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NeedsRedis
public abstract class AbstractToolsTests {

	private static final Pattern REQUEST_ID = Pattern.compile("\"id\":(\"[^\"]+\")");

	private static final Pattern REQUEST_STATE = Pattern.compile("\"requestState\":\"([^\"]+)\"");

	private final ThrowingConsumer<String[]> main;

	private final Mode mode;

	private Instance first;

	private Instance second;

	protected AbstractToolsTests(ThrowingConsumer<String[]> main, Mode mode) {
		this.main = main;
		this.mode = mode;
	}

	@BeforeAll
	void start() {
		this.first = Instance.start(this.main, this.mode, "--spring.data.redis.url=" + RedisExtension.uri());
		this.second = Instance.start(this.main, this.mode, "--spring.data.redis.url=" + RedisExtension.uri());
	}

	@AfterAll
	void stop() {
		this.first.close();
		this.second.close();
	}

	@Test
	void answersAtOnce() throws Exception {
		assertThat(call(this.first.client().initialize(), "add", "{\"a\":1,\"b\":2}")).contains("\"text\":\"3\"");
	}

	@Test
	void answersLater() throws Exception {
		assertThat(call(this.first.client().initialize(), "sleep", "{\"ms\":20}")).contains("slept 20 ms");
	}

	@Test
	void resumesAfterACut() throws Exception {
		RawMcpClient client = this.first.client().initialize();

		assertThat(rest(client, cutAfterFirstProgress(client))).satisfiesExactly(
				(event) -> assertThat(event.data()).contains("\"progress\":2.0"),
				(event) -> assertThat(event.data()).contains("\"progress\":3.0"),
				(event) -> assertThat(event.data()).contains("counted 3"));
	}

	@Test
	void carriesOnAtTheOtherInstance() throws Exception {
		RawMcpClient client = this.first.client().initialize();
		RawMcpClient elsewhere = client.at(this.second.port());

		assertThat(rest(elsewhere, cutAfterFirstProgress(client))).hasSize(3)
			.last()
			.satisfies((event) -> assertThat(event.data()).contains("counted 3"));
		assertThat(call(elsewhere, "add", "{\"a\":1,\"b\":2}")).contains("\"text\":\"3\"");
	}

	@Test
	void greetsTheUserThatItAsked() throws Exception {
		RawMcpClient client = this.first.client().initialize("{\"elicitation\":{}}");

		try (Exchange exchange = client.call(2, "greet", "{}")) {
			String question = next(exchange, "elicitation/create").data();
			assertThat(question).contains("What is your name?", "\"name\":{");
			answer(client.at(this.second.port()), question, "{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}");

			assertThat(exchange.rest()).last().satisfies((event) -> assertThat(event.data()).contains("Hello, Ann"));
		}
	}

	@Test
	void greetsTheUserThatItAskedThroughAClientOfRevision20260728() throws Exception {
		String question = greet(this.first, "{\"elicitation\":{}}", "");
		assertThat(question).contains("\"resultType\":\"input_required\"", "What is your name?", "\"name\":{");

		assertThat(greet(this.second, "{\"elicitation\":{}}", ",\"requestState\":\"" + state(question)
				+ "\",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}"))
			.contains("\"resultType\":\"complete\"", "Hello, Ann");
	}

	@Test
	void greetsAUserThatAClientOfRevision20260728CantAsk() throws Exception {
		assertThat(greet(this.first, "{}", "")).contains("\"resultType\":\"complete\"", "Hello, whoever you are");
	}

	@Test
	void greetsAUserThatWontSay() throws Exception {
		RawMcpClient client = this.first.client().initialize("{\"elicitation\":{}}");

		try (Exchange exchange = client.call(2, "greet", "{}")) {
			answer(client, next(exchange, "elicitation/create").data(), "{\"action\":\"decline\"}");

			assertThat(exchange.rest()).last()
				.satisfies((event) -> assertThat(event.data()).contains("Hello, whoever you are"));
		}
	}

	@Test
	void greetsAUserThatCantBeAsked() throws Exception {
		assertThat(call(this.first.client().initialize(), "greet", "{}")).contains("Hello, whoever you are");
	}

	@Test
	void closesItsConnectionAndAnswersAClientThatComesBack() throws Exception {
		RawMcpClient client = this.first.client().initialize();
		assertThat(call(client, "disconnect", "{\"ms\":0}")).contains("kept the connection");
		// It shows that it comes back
		rest(client, cutAfterFirstProgress(client));
		List<SseEvent> events;
		try (Exchange exchange = client.call(2, "disconnect", "{\"ms\":100}")) {
			events = exchange.rest();
		}

		assertThat(events).isNotEmpty().noneMatch((event) -> event.data().contains("result"));
		assertThat(rest(client, Objects.requireNonNull(events.get(events.size() - 1).id()))).singleElement()
			.satisfies((event) -> assertThat(event.data()).contains("closed the connection"));
	}

	private static String greet(Instance instance, String capabilities, String round) throws IOException {
		try (Exchange exchange = new ModernPost(instance.client(), "tools/call",
				"\"name\":\"greet\",\"arguments\":{}" + round)
			.header("Mcp-Name", "greet")
			.field("clientCapabilities", capabilities)
			.send()) {
			return exchange.body();
		}
	}

	private static String state(String question) {
		Matcher state = REQUEST_STATE.matcher(question);
		assertThat(state.find()).isTrue();
		return state.group(1);
	}

	private static String call(RawMcpClient client, String tool, String arguments) throws IOException {
		try (Exchange exchange = client.call(2, tool, arguments)) {
			return exchange.body();
		}
	}

	private static String cutAfterFirstProgress(RawMcpClient client) throws IOException {
		Exchange exchange = client.post("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":"
				+ "{\"name\":\"count\",\"arguments\":{\"n\":3,\"intervalMs\":100},\"_meta\":{\"progressToken\":\"p\"}}}");
		SseEvent event = next(exchange, "\"progress\":1.0");
		exchange.cut();
		return Objects.requireNonNull(event.id());
	}

	private static List<SseEvent> rest(RawMcpClient client, String cursor) throws IOException {
		try (Exchange exchange = client.get(cursor)) {
			return exchange.rest().stream().filter((event) -> !event.data().isEmpty()).toList();
		}
	}

	private static SseEvent next(Exchange exchange, String text) throws IOException {
		SseEvent event;
		do {
			event = Objects.requireNonNull(exchange.next());
		}
		while (!event.data().contains(text));
		return event;
	}

	private static void answer(RawMcpClient client, String request, String result) throws IOException {
		Matcher id = REQUEST_ID.matcher(request);
		assertThat(id.find()).isTrue();
		try (Exchange exchange = client
			.post("{\"jsonrpc\":\"2.0\",\"id\":" + id.group(1) + ",\"result\":" + result + "}")) {
			assertThat(exchange.status()).isEqualTo(202);
		}
	}

}
