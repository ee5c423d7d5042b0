package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.SubscriptionStore;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.InMemoryTaskStore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * How many may listen, and what is known of them.
 */
class SubscriptionsTests {

	private static final int MAX = 3;

	private static final ModernSettings SETTINGS = TestSettings.withSubscriptions(MAX);

	private static final ServerCapabilities SERVER = ServerCapabilities.builder()
		.tools(true)
		.resources(true, true)
		.build();

	private static final RequestMetadata METADATA = new RequestMetadata(ClientCapabilities.builder().build(),
			new Implementation("test", "1"), null, null);

	private final ManualThreads threads = new ManualThreads();

	private final InMemoryTaskStore tasks = new InMemoryTaskStore();

	private final List<Collection<String>> told = new ArrayList<>();

	private Mono<Void> telling = Mono.empty();

	private final Subscriptions subscriptions = subscriptions(SETTINGS, (uris) -> {
		this.told.add(uris);
		return this.telling;
	});

	@Test
	void takesSoManyOfOneClientThatOpensThousands() {
		List<RecordingReply> replies = new ArrayList<>();
		for (int i = 0; i < MAX; i++) {
			replies.add(open("test://" + i));
		}
		for (int i = 0; i < 10_000; i++) {
			assertRefused(503, "test://a");
		}

		assertThat(this.subscriptions.size()).isEqualTo(MAX);
		assertThat(this.subscriptions.resources()).containsExactlyInAnyOrder("test://0", "test://1", "test://2");
		replies.get(0).close();
		open("test://3");
		assertThat(this.subscriptions.resources()).containsExactlyInAnyOrder("test://1", "test://2", "test://3");
	}

	@Test
	void letsNoPrincipalTakeAllPlaces() {
		RecordingReply first = openAs("alice", "test://a");
		openAs("alice", "test://a");

		assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> openAs("alice", "test://a"))
			.satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(503))
			.satisfies((ex) -> assertThat(ex.error().message()).contains("one principal"));
		openAs("bob", "test://a");
		assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> openAs("bob", "test://a"))
			.satisfies((ex) -> assertThat(ex.error().message()).contains("too many clients"));
		first.close();
		openAs("alice", "test://a");
		assertThat(this.subscriptions.size()).isEqualTo(MAX);
	}

	@Test
	void forgetsAResourceWithItsLastListener() {
		RecordingReply one = open("test://a", "test://b");
		RecordingReply other = open("test://a");

		one.close();
		assertThat(this.subscriptions.resources()).containsExactly("test://a");
		other.close();
		assertThat(this.subscriptions.resources()).isEmpty();
		assertThat(this.subscriptions.size()).isZero();
	}

	@Test
	void refusesMoreResourcesThanOneMayListenTo() {
		assertRefused(400,
				IntStream.rangeClosed(0, SubscriptionFilter.MAX_RESOURCES)
					.mapToObj((i) -> "test://" + i)
					.toArray(String[]::new));
		assertRefused(400, "test://" + "a".repeat(SubscriptionFilter.MAX_CHARACTERS));
		assertThat(this.subscriptions.size()).isZero();
	}

	@Test
	void refusesMoreResourcesThanAllMayListenTo() {
		Subscriptions many = subscriptions(TestSettings.withSubscriptions(1000), (uris) -> Mono.empty());
		String uri = "a".repeat(SubscriptionFilter.MAX_CHARACTERS);
		assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> {
			for (int i = 0; i < 1000; i++) {
				open(many, null, new RecordingReply(), uri);
			}
		}).satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(503));
		assertThat(many.size()).isEqualTo(30);
	}

	@Test
	void letsNoPrincipalListenToAllResources() {
		Subscriptions many = subscriptions(TestSettings.withSubscriptions(1000), (uris) -> Mono.empty());
		String uri = "a".repeat(SubscriptionFilter.MAX_CHARACTERS);
		for (int i = 0; i < 3; i++) {
			open(many, "alice", new RecordingReply(), uri);
		}

		assertThatExceptionOfType(RefusedException.class)
			.isThrownBy(() -> open(many, "alice", new RecordingReply(), uri))
			.satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(503))
			.satisfies((ex) -> assertThat(ex.error().message()).contains("one principal"));
		open(many, "bob", new RecordingReply(), uri);
		assertThat(many.size()).isEqualTo(4);
	}

	@Test
	void letsNoPrincipalListenToTasksWithoutEnd() {
		Subscriptions many = subscriptions(TestSettings.withSubscriptions(1000), (uris) -> Mono.empty());
		List<RecordingReply> replies = new ArrayList<>();

		assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> {
			for (int i = 0; i < 1000; i++) {
				replies.add(listen(many, i));
			}
		}).satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(503));

		// However many of them are there
		assertThat(replies).hasSizeBetween(50, 100).allSatisfy((reply) -> assertThat(reply.status).isEqualTo(200));
		replies.get(0).close();
		listen(many, 1000);
		assertThat(many.size()).isEqualTo(replies.size());
	}

	private static RecordingReply listen(Subscriptions subscriptions, int number) {
		List<String> tasks = IntStream.range(0, SubscriptionFilter.MAX_TASKS)
			.mapToObj((i) -> number + "-" + i)
			.toList();
		RecordingReply reply = new RecordingReply();
		subscriptions.open(
				new JSONRPCRequest(Subscriptions.LISTEN, 1, Map.of("notifications", Map.of("taskIds", tasks))),
				new RequestMetadata(
						new ClientCapabilities(null, null, null, null, Map.of(RequestMetadata.TASKS, Map.of())),
						new Implementation("test", "1"), null, null),
				"alice", SERVER, reply, (error) -> {
					throw new RefusedException(error);
				});
		reply.read();
		return reply;
	}

	@Test
	void countsShortUrisAsLongerOnes() {
		Subscriptions many = subscriptions(TestSettings.withSubscriptions(1000), (uris) -> Mono.empty());
		int refused = 0;
		for (int i = 0; i < 100; i++) {
			String[] uris = IntStream.range(1000 * i, 1000 * (i + 1)).mapToObj(String::valueOf).toArray(String[]::new);
			try {
				open(many, null, new RecordingReply(), uris);
			}
			catch (RefusedException ex) {
				refused++;
			}
		}

		assertThat(refused).isPositive();
		assertThat(many.resources()).hasSizeLessThan(SubscriptionStore.MAX_SUBSCRIBED_URIS);
	}

	@Test
	void opensWhenAllNodesKnow() {
		this.telling = Mono.never();
		RecordingReply reply = open("test://a");

		assertThat(this.told).singleElement().isEqualTo(Set.of("test://a"));
		this.threads.pass(Duration.ofMillis(999));
		assertThat(reply.answers).isZero();
		this.threads.pass(Duration.ofMillis(1));
		reply.read();
		assertThat(reply.body.toString()).contains("acknowledged");
	}

	@Test
	void opensThoughOtherNodesCannotBeTold() {
		this.telling = Mono.error(new IllegalStateException("out of reach"));

		assertThat(open("test://a").body.toString()).contains("acknowledged");
	}

	@Test
	void tellsNodesNothingOfLists() {
		open();

		assertThat(this.told).isEmpty();
	}

	@Test
	void endsAllAndTakesNoMore() {
		RecordingReply reply = open("test://a");
		this.subscriptions.end();

		assertThat(reply.ended).isTrue();
		assertThat(this.subscriptions.size()).isZero();
		assertRefused(503, "test://a");
	}

	private Subscriptions subscriptions(ModernSettings settings, Function<Collection<String>, Mono<Void>> tellNodes) {
		return new Subscriptions(
				TestSettings.parking(this.threads, settings, this.tasks,
						() -> new InitializeResult("2025-11-25", SERVER, new Implementation("test", "1"), null)),
				tellNodes);
	}

	private static void open(Subscriptions subscriptions, @Nullable String principal, RecordingReply reply,
			String... uris) {
		subscriptions.open(request(uris), METADATA, principal, SERVER, reply, (error) -> {
			throw new RefusedException(error);
		});
	}

	private RecordingReply open(String... uris) {
		return openAs(null, uris);
	}

	private RecordingReply openAs(@Nullable String principal, String... uris) {
		RecordingReply reply = new RecordingReply();
		open(this.subscriptions, principal, reply, uris);
		reply.read();
		return reply;
	}

	private void assertRefused(int status, String... uris) {
		assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> open(uris))
			.satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(status));
	}

	private static JSONRPCRequest request(String... uris) {
		return new JSONRPCRequest(Subscriptions.LISTEN, 1,
				Map.of("notifications", Map.of("toolsListChanged", true, "resourceSubscriptions", List.of(uris))));
	}

}
