package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.DeflatePayloadCodec;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Several nodes with keys: what is in Redis and goes through it, and what becomes of
 * clients while keys are rolled out and changed.
 */
@NeedsRedis
@Timeout(600)
class EncryptionOnNodesTests {

	private static final String CAPABILITIES = "{\"elicitation\":{},\"experimental\":{\"secret-of-initialize\":{}}}";

	private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"accept\","
			+ "\"content\":{\"text\":\"secret-of-answer\"}}}";

	private static final String URI = "file:///secret-of-subscription";

	private static final String SUBSCRIPTION = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"resources/subscribe\","
			+ "\"params\":{\"uri\":\"" + URI + "\"}}";

	private static final String UNSUBSCRIPTION = SUBSCRIPTION.replace("/subscribe", "/unsubscribe");

	private static final String CANCELLATION = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
			+ "\"params\":{\"requestId\":\"secret-of-cancellation\",\"reason\":\"secret-of-reason\"}}";

	/**
	 * The last one is the ID of a request that is cancelled, as nodes tell it each other.
	 */
	private static final List<String> SECRETS = List.of("secret-of-initialize", "clientInfo", "secret-of-request",
			"secret-of-answer", URI, "jsonrpc", "Go on?", "user said",
			Base64.getUrlEncoder()
				.withoutPadding()
				.encodeToString("\"secret-of-cancellation\"".getBytes(StandardCharsets.UTF_8)));

	private static AesGcmPayloadCodec.Builder keys(String... ids) {
		AesGcmPayloadCodec.Builder builder = AesGcmPayloadCodec.builder();
		for (String id : ids) {
			byte[] key = new byte[AesGcmPayloadCodec.KEY_BYTES];
			Arrays.fill(key, (byte) id.hashCode());
			builder.key(id, key);
		}
		return builder;
	}

	@Test
	void nothingThatIsSecretIsInRedisOrGoesThroughIt() throws Exception {
		List<String> seen = transcript(keys("a").build());

		assertThat(seen).anyMatch((line) -> line.contains("PUBLISH") || line.contains("publish"));
		for (String secret : SECRETS) {
			assertThat(seen).as(secret).noneMatch((line) -> line.contains(secret));
		}
		assertThat(seen).noneMatch((line) -> line.contains("secret"));
	}

	/**
	 * The same exchange, to see that the test above would find something.
	 */
	@Test
	void allOfItIsInRedisWithoutACodec() throws Exception {
		List<String> seen = transcript(PayloadCodec.none());

		for (String secret : SECRETS) {
			assertThat(seen).as(secret).anyMatch((line) -> line.contains(secret));
		}
	}

	// All that MONITOR shows, PUBLISH among it, and all that is there at the end
	private static List<String> transcript(PayloadCodec codec) throws Exception {
		try (RedisServer redis = RedisServer.start();
				TestRedis namespace = new TestRedis(redis.uri());
				RedisMonitor monitor = new RedisMonitor(redis)) {
			List<String> seen = new ArrayList<>();
			String sessionId;
			try (McpNodes nodes = McpNodes.start(namespace, codec, codec)) {
				RawMcpClient client = nodes.initialize(CAPABILITIES);
				sessionId = client.sessionId();
				use(client, client.at(nodes.get(1).port()), nodes);
				dump(redis, seen);
			}
			seen.addAll(monitor.lines());
			assertThat(seen).hasSizeGreaterThan(50)
				.anyMatch((line) -> line.contains(SessionNames.of(sessionId)))
				.noneMatch((line) -> line.contains(sessionId));
			return seen;
		}
	}

	private static void use(RawMcpClient client, RawMcpClient elsewhere, McpNodes nodes) throws Exception {
		try (Exchange call = client.call("secret-of-request", "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			try (Exchange answer = elsewhere.post(ANSWER.formatted(OnNodes.requestId(request)))) {
				assertThat(answer.status()).isEqualTo(202);
			}
			assertThat(call.next().data()).contains("user said ACCEPT");
		}
		try (Exchange subscribed = elsewhere.post(SUBSCRIPTION); Exchange get = elsewhere.get(null)) {
			subscribed.rest();
			get.next();
			call(client);
			nodes.get(0).server.notifyResourcesUpdated(new ResourcesUpdatedNotification(URI));
			assertThat(get.next().data()).contains(URI);
		}
		try (Exchange cancelled = elsewhere.post(CANCELLATION)) {
			assertThat(cancelled.status()).isEqualTo(202);
		}
		try (Exchange ended = client.post(UNSUBSCRIPTION); Exchange again = elsewhere.post(SUBSCRIPTION)) {
			ended.rest();
			again.rest();
		}
	}

	// A node knows what is subscribed to by the time of the session's next call
	private static void call(RawMcpClient client) throws Exception {
		try (Exchange call = client.call("fence", "count", "{}")) {
			call.rest();
		}
	}

	private static void dump(RedisServer redis, List<String> seen) {
		for (Object name : (List<?>) redis.cli("KEYS", "*")) {
			String key = (String) name;
			String type = String.valueOf(redis.cli("TYPE", key));
			Object value = switch (type) {
				case "list" -> redis.cli("LRANGE", key, "0", "-1");
				case "hash" -> redis.cli("HGETALL", key);
				case "zset" -> redis.cli("ZRANGE", key, "0", "-1", "WITHSCORES");
				case "string" -> redis.cli("GET", key);
				case "none" -> "";
				default -> throw new IllegalStateException("Not read: " + type);
			};
			seen.add(key + " " + value);
		}
		assertThat(seen).anyMatch((line) -> line.contains("}:i ")).anyMatch((line) -> line.contains("}:s:"));
	}

	@Test
	void clientsNoticeNothingWhileEncryptionIsSwitchedOn(TestRedis redis) throws Exception {
		DeflatePayloadCodec inflating = DeflatePayloadCodec.readingOnly(1 << 20);
		PayloadCodec reading = inflating.andThen(keys("a").encrypting(false).build());
		// First nodes that can decrypt, among those of before
		try (McpNodes nodes = McpNodes.start(redis, inflating, reading)) {
			assertCarriedOn(nodes, 0, 1);
			assertCarriedOn(nodes, 1, 0);
		}
		// Then nodes that encrypt, among those that can decrypt
		try (McpNodes nodes = McpNodes.start(redis, reading,
				new DeflatePayloadCodec(1, 1 << 20).andThen(keys("a").build()))) {
			assertCarriedOn(nodes, 0, 1);
			assertCarriedOn(nodes, 1, 0);
		}
	}

	@Test
	void clientsNoticeNothingWhileKeysAreChanged(TestRedis redis) throws Exception {
		try (McpNodes nodes = McpNodes.start(redis, keys("old").build(), keys("old", "new").build())) {
			assertCarriedOn(nodes, 0, 1);
			assertCarriedOn(nodes, 1, 0);
		}
		try (McpNodes nodes = McpNodes.start(redis, keys("old", "new").build(), keys("new", "old").build())) {
			assertCarriedOn(nodes, 0, 1);
			assertCarriedOn(nodes, 1, 0);
		}
	}

	private static void assertCarriedOn(McpNodes nodes, int first, int second) throws Exception {
		RawMcpClient client = nodes.get(first).client().initialize("{\"elicitation\":{}}");
		RawMcpClient elsewhere = client.at(nodes.get(second).port());
		List<SseEvent> events;
		try (Exchange call = client.call("request", "count", "{\"n\":5}")) {
			events = call.rest();
		}
		try (Exchange resumed = elsewhere.get(events.get(0).id())) {
			assertThat(OnNodes.numbers(resumed.rest())).containsExactly("1", "2", "3", "4", "5");
		}
		try (Exchange call = client.call("asked", "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			try (Exchange answer = elsewhere.post(ANSWER.formatted(OnNodes.requestId(request)))) {
				assertThat(answer.status()).isEqualTo(202);
			}
			assertThat(call.next().data()).contains("user said ACCEPT");
		}
		try (Exchange subscribed = client.post(SUBSCRIPTION); Exchange get = elsewhere.get(null)) {
			subscribed.rest();
			get.next();
			call(elsewhere);
			nodes.get(second).server.notifyResourcesUpdated(new ResourcesUpdatedNotification(URI));
			assertThat(get.next().data()).contains(URI);
		}
		try (Exchange deleted = elsewhere.delete()) {
			assertThat(deleted.status()).isEqualTo(200);
		}
		try (Exchange gone = client.call("gone", "count", "{}")) {
			assertThat(gone.status()).isEqualTo(404);
		}
	}

	@Test
	void aNodeWithoutTheKeyTellsClientsToBeginAnew(TestRedis redis) throws Exception {
		try (McpNodes nodes = McpNodes.start(redis, keys("a").build(), keys("b").build(), PayloadCodec.none())) {
			RawMcpClient client = nodes.initialize("{}");
			for (int i = 1; i < 3; i++) {
				try (Exchange refused = client.at(nodes.get(i).port()).call(1, "count", "{}")) {
					assertThat(refused.status()).isEqualTo(404);
				}
			}
			try (Exchange call = client.call(2, "count", "{}")) {
				assertThat(OnNodes.numbers(call.rest())).containsExactly("1", "2", "3");
			}
		}
	}

	@Test
	void aNodeWithoutTheKeyEndsASession(TestRedis redis) throws Exception {
		try (McpNodes nodes = McpNodes.start(redis, keys("a").build(), keys("b").build())) {
			RawMcpClient client = nodes.get(0).client().initialize("{}");

			nodes.get(1).endpoint.endSession(SessionNames.of(client.sessionId())).block(Duration.ofMinutes(1));

			// Which isn't told, since it can't read what the other one says
			try (Exchange call = client.call("gone", "count", "{}")) {
				assertThat(call.status()).isEqualTo(404);
			}
		}
	}

	@Test
	void aPayloadThatWasChangedIsAGap(TestRedis redis) throws Exception {
		try (McpNodes nodes = McpNodes.start(redis, keys("a").build(), keys("a").build())) {
			RawMcpClient client = nodes.initialize("{}");
			List<SseEvent> events;
			try (Exchange call = client.call("request", "count", "{\"n\":5}")) {
				events = call.rest();
			}
			String streamId = events.get(0).id().substring(0, events.get(0).id().indexOf('_'));
			try (var connection = redis.lettuce().getConnection()) {
				byte[] key = RedisKeys.bytes(new RedisKeys(redis.keyPrefix())
					.stream(new StreamKey(SessionNames.of(client.sessionId()), streamId)));
				byte[] third = connection.listCommands().lIndex(key, 3);
				third[third.length - 1] ^= 1;
				connection.listCommands().lSet(key, 3, third);
			}
			List<SseEvent> resumed;
			try (Exchange exchange = client.at(nodes.get(1).port()).get(events.get(0).id())) {
				resumed = exchange.rest();
			}
			List<SseEvent> told;
			try (Exchange exchange = client.at(nodes.get(1).port()).get(events.get(1).id())) {
				assertThat(exchange.status()).isEqualTo(200);
				told = exchange.rest();
			}
			List<SseEvent> behind;
			try (Exchange exchange = client.at(nodes.get(1).port()).get(events.get(2).id())) {
				behind = exchange.rest();
			}

			assertThat(OnNodes.numbers(resumed)).containsExactly("1");
			assertThat(told).singleElement()
				.satisfies((event) -> assertThat(event.data()).contains("\"id\":\"request\"", "error"));
			assertThat(OnNodes.numbers(behind)).containsExactly("3", "4", "5");
		}
	}

}
