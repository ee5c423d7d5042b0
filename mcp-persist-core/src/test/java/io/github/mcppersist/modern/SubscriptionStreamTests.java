package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.modern.SubscriptionStream.Change;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The table of states, row by row.
 */
class SubscriptionStreamTests {

	private static final Duration HEARTBEAT = Duration.ofSeconds(5);

	private static final ModernSettings SETTINGS = TestSettings.SETTINGS;

	private static final Change TOOLS = new Change("notifications/tools/list_changed", Map.of());

	private final ManualThreads threads = new ManualThreads();

	private final FaultyTaskStore tasks = new FaultyTaskStore(this.threads);

	private final RecordingReply reply = new RecordingReply();

	private final AtomicInteger over = new AtomicInteger();

	private final SubscriptionStream stream = new SubscriptionStream(
			TestSettings.parking(this.threads, SETTINGS, this.tasks, SubscriptionStreamTests::server),
			new JSONRPCRequest(Subscriptions.LISTEN, "id", Map.of()),
			new SubscriptionFilter(true, false, false, Set.of("test://a", "test://b"), Set.of()), null, this.reply,
			(stream) -> this.over.incrementAndGet());

	@Test
	void saysNothingBeforeItIsOpen() {
		this.stream.tell(TOOLS);
		this.threads.pass(HEARTBEAT.multipliedBy(2));
		this.stream.tick();

		assertThat(this.reply.answers).isZero();
	}

	@Test
	void acknowledgesBeforeItTellsWhatHasChangedMeanwhile() {
		this.stream.tell(TOOLS);
		this.stream.open();
		this.reply.read();

		assertThat(messages()).satisfiesExactly((first) -> assertThat(first).contains("subscriptions/acknowledged"),
				(second) -> assertThat(second).contains("tools/list_changed"));
		assertThat(this.reply.contentType).isEqualTo("text/event-stream");
	}

	@Test
	void keepsTheLastOfSeveralChangesForAClientThatDoesNotRead() {
		this.stream.open();
		for (int i = 0; i < 100_000; i++) {
			this.stream.tell(TOOLS);
			this.stream.tell(updated("test://a", i));
			this.stream.tell(updated("test://b", i));
			this.stream.tell(updated("test://c", i));
		}
		this.reply.read();

		assertThat(messages()).satisfiesExactly((first) -> assertThat(first).contains("subscriptions/acknowledged"),
				(second) -> assertThat(second).contains("tools/list_changed"),
				(third) -> assertThat(third).contains("test://a").contains("99999"),
				(fourth) -> assertThat(fourth).contains("test://b").contains("99999"));
	}

	@Test
	void tellsAgainWhatChangesAgain() {
		this.stream.open();
		this.reply.read();
		this.stream.tell(TOOLS);
		this.stream.tell(TOOLS);

		assertThat(messages()).hasSize(3);
	}

	@Test
	void sendsHeartbeatsWhileItIsOpen() {
		this.stream.open();
		this.reply.read();
		this.threads.pass(HEARTBEAT.plusMillis(1));
		this.stream.tick();

		assertThat(this.reply.body.toString()).endsWith("\n\n: \n");
	}

	@Test
	void endsWithTheResult() {
		this.stream.open();
		this.reply.read();
		this.stream.end();
		this.stream.end();
		this.stream.tell(TOOLS);

		assertThat(messages()).hasSize(2);
		assertThat(messages().get(1)).contains("\"id\":\"id\"", "\"resultType\":\"complete\"",
				"\"io.modelcontextprotocol/subscriptionId\":\"id\"");
		assertThat(this.reply.ended).isTrue();
		assertThat(this.over).hasValue(1);
	}

	@Test
	void endsWithTheResultBeforeItHasBegun() {
		this.stream.end();
		assertThat(this.reply.answers).isZero();
		this.stream.open();
		this.reply.read();

		assertThat(messages()).hasSize(2);
		assertThat(this.reply.ended).isTrue();
		assertThat(this.over).hasValue(1);
	}

	@Test
	void tellsWhatWaitsBeforeTheResult() {
		this.stream.open();
		this.stream.tell(TOOLS);
		this.stream.end();
		this.reply.read();

		assertThat(messages()).hasSize(3);
		assertThat(messages().get(1)).contains("tools/list_changed");
	}

	@Test
	void tellsTheStatesOfTasksBeforeTheResult() {
		follow("one", "other");
		this.stream.open();
		this.stream.end();
		this.reply.read(2);
		assertThat(messages()).hasSize(2);
		assertThat(this.over).hasValue(0);

		this.reply.read();

		assertThat(messages()).hasSize(4);
		assertThat(messages().subList(1, 3)).allMatch((message) -> message.contains("notifications/tasks"));
		assertThat(messages().get(3)).contains("\"resultType\":\"complete\"");
		assertThat(this.reply.ended).isTrue();
		assertThat(this.over).hasValue(1);
	}

	@Test
	void endsWithTheResultIfTasksCanNotBeRead() {
		follow("one", "other");
		this.stream.open();
		this.stream.end();
		this.tasks.failure = new TaskStoreUnavailableException("out of reach");

		this.reply.read();

		assertThat(messages()).hasSize(2);
		assertThat(this.reply.ended).isTrue();
		assertThat(this.over).hasValue(1);
	}

	private void follow(String... names) {
		Map<String, String> followed = new LinkedHashMap<>();
		for (String name : names) {
			this.tasks
				.createTask(new NewTask(name, NodeRegistry.randomNodeId(), null, "tool", Duration.ofHours(1), null,
						Map.of()))
				.block();
			followed.put(name, name);
		}
		this.stream.follow(followed);
	}

	@Test
	void endsWhenItsClientHasGone() {
		this.stream.open();
		this.reply.read();
		this.reply.close();
		this.stream.tell(TOOLS);

		assertThat(messages()).hasSize(1);
		assertThat(this.over).hasValue(1);
	}

	@Test
	void endsWhenItsClientTakesNothingForLong() {
		this.stream.open();
		this.threads.pass(Duration.ofMinutes(2));
		this.stream.tick();
		assertThat(this.over).hasValue(0);

		this.threads.pass(Duration.ofMillis(1));
		this.stream.tick();

		assertThat(this.over).hasValue(1);
		assertThat(this.reply.ended).isTrue();
	}

	@Test
	void isRefusedIfTheServerGoesBeforeItHasBegun() {
		this.stream.abort();
		this.stream.open();

		assertThat(this.reply.status).isEqualTo(503);
		assertThat(this.reply.answers).isEqualTo(1);
		assertThat(this.over).hasValue(1);
	}

	private static InitializeResult server() {
		return new InitializeResult("2025-11-25", ServerCapabilities.builder().build(), new Implementation("test", "1"),
				null);
	}

	private static Change updated(String uri, int version) {
		return new Change("notifications/resources/updated", Map.of("uri", uri, "_meta", Map.of("version", version)));
	}

	private List<String> messages() {
		return this.reply.body.toString().lines().filter((line) -> line.startsWith("data: ")).toList();
	}

}
