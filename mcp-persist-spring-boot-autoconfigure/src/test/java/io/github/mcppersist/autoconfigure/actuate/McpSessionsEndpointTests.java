package io.github.mcppersist.autoconfigure.actuate;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code /actuator/mcpsessions} shows and ends, on either of two applications.
 */
@Timeout(600)
@NeedsRedis
class McpSessionsEndpointTests {

	private static final String EXPOSED = "management.endpoints.web.exposure.include=mcpsessions";

	private static final String UNRESTRICTED = "management.endpoint.mcpsessions.access=unrestricted";

	private final RedisServer redis = RedisServer.start();

	private final ObservedServer first = server(EXPOSED, UNRESTRICTED);

	private final ObservedServer second = server(EXPOSED, UNRESTRICTED);

	private ObservedServer server(String... properties) {
		return ObservedServer.start(properties(properties), Owned.class);
	}

	private List<String> properties(String... properties) {
		List<String> all = new ArrayList<>(List.of(properties));
		all.add("spring.data.redis.url=" + this.redis.uri());
		return all;
	}

	@AfterEach
	void stop() {
		this.redis.resume();
		this.first.close();
		this.second.close();
		this.redis.close();
	}

	@Test
	void showsTheStreamsOfASessionOnWhicheverNodeTheyRun() throws Exception {
		RawMcpClient client = initialize();
		String owner = this.first.bean(RedisEventStore.class).nodeId();
		try (Exchange call = client.call("seven", "gated", "{\"before\":2,\"gate\":\"g\",\"secret\":\"payload\"}")) {
			String cursor = call.next().id();
			this.first.tools().awaitReached("g");
			try (Exchange resumed = client.at(this.second.port()).get(cursor)) {
				resumed.next();
				await(() -> {
					JsonNode stream = stream(this.first, client.sessionId());
					assertThat(stream.get("requestId").asString()).isEqualTo("\"seven\"");
					assertThat(stream.get("complete").asBoolean()).isFalse();
					assertThat(stream.get("owner").asString()).isEqualTo(owner);
					assertThat(stream.get("lastSequence").asLong()).isEqualTo(3);
				});
				await(() -> assertThat(stream(this.second, client.sessionId()).path("connection").asString(""))
					.isEqualTo("RESUMED"));
				assertThat(stream(this.second, client.sessionId()).get("owner").asString()).isEqualTo(owner);
				assertThat(this.second.get("/actuator/mcpsessions/" + client.sessionId()))
					.contains("\"protocolVersion\":\"2025-11-25\"", "\"subscriptions\":0")
					.doesNotContain("payload", "notifications/message", "clientInfo", cursor, client.sessionId());
				assertThat(stream(this.second, SessionNames.of(client.sessionId())).get("owner").asString())
					.isEqualTo(owner);
				this.first.tools().open("g");
				resumed.rest();
			}
		}
	}

	@Test
	void doesNotKnowASessionThatIsNoneOrNoSessionId() throws Exception {
		initialize();

		assertThat(this.first.get("/actuator/mcpsessions/unknown")).startsWith("404");
		assertThat(this.first.get("/actuator/mcpsessions/%7Bno%7D")).startsWith("404");
		assertThat(this.first.delete("/actuator/mcpsessions/unknown")).startsWith("404");
		assertThat(this.first.delete("/actuator/mcpsessions/%7Bno%7D")).startsWith("404");
	}

	@Test
	void listsTheSessionsOfAllNodesPageByPage() throws Exception {
		List<RawMcpClient> clients = List.of(initialize(this.first), initialize(this.second), initialize(this.first));
		Set<String> names = new HashSet<>();
		clients.forEach((client) -> names.add(SessionNames.of(client.sessionId())));

		JsonNode page = json(this.second.get("/actuator/mcpsessions?size=2"));
		assertThat(page.get("sessions")).hasSize(2);
		String next = page.get("next").asString();
		JsonNode last = json(this.second.get("/actuator/mcpsessions?size=2&after=" + next));
		assertThat(last.get("sessions")).isNotEmpty();
		Set<String> listed = new HashSet<>();
		for (JsonNode session : json(this.first.get("/actuator/mcpsessions")).get("sessions")) {
			listed.add(session.get("session").asString());
			assertThat(session.get("clientName").asString()).isEqualTo("raw");
			assertThat(session.get("clientVersion").asString()).isEqualTo("1");
			assertThat(session.get("protocolVersion").asString()).isEqualTo("2025-11-25");
			assertThat(session.get("server").asString()).isNotEmpty();
			assertThat(session.get("node").asString()).isIn(nodeId(this.first), nodeId(this.second));
			assertThat(session.get("ageSeconds").asLong()).isBetween(0L, 600L);
			assertThat(session.get("idleSeconds").asLong()).isBetween(0L, 600L);
			// printf alice | sha256sum
			assertThat(session.get("owner").asString()).isEqualTo("2bd806c97f0e00af");
		}
		assertThat(listed).containsAll(names);
		String all = this.first.get("/actuator/mcpsessions");
		clients.forEach((client) -> assertThat(all).doesNotContain(client.sessionId(), "alice", "capabilities"));
	}

	@Test
	void endsASessionOnAllNodes() throws Exception {
		RawMcpClient client = initialize(this.first);
		String path = "/actuator/mcpsessions/" + SessionNames.of(client.sessionId());
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}");
				Exchange listening = client.at(this.second.port()).get(null)) {
			call.next();
			listening.next();
			this.first.tools().awaitReached("g");

			// Where its request doesn't run
			assertThat(this.second.delete(path)).startsWith("204");

			listening.rest();
			for (ObservedServer server : List.of(this.first, this.second)) {
				await(() -> assertThat(ping(client.at(server.port()))).isEqualTo(404));
				assertThat(get(client.at(server.port()))).isEqualTo(404);
				assertThat(server.get(path)).startsWith("404");
				assertThat(server.get("/actuator/mcpsessions")).doesNotContain(SessionNames.of(client.sessionId()));
				assertThat(server.delete(path)).startsWith("404");
			}
			this.first.tools().open("g");
			call.rest();
		}
	}

	@Test
	void endsASessionByItsIdToo() throws Exception {
		RawMcpClient client = initialize(this.first);

		assertThat(this.second.delete("/actuator/mcpsessions/" + client.sessionId())).startsWith("204");

		assertThat(ping(client.at(this.second.port()))).isEqualTo(404);
	}

	@Test
	void endsASessionWhoseClientMayNot() throws Exception {
		try (ObservedServer server = server(EXPOSED, UNRESTRICTED, "mcp.persist.delete-allowed=false")) {
			RawMcpClient client = initialize(server);
			try (Exchange refused = client.delete()) {
				assertThat(refused.status()).isEqualTo(405);
			}

			assertThat(server.delete("/actuator/mcpsessions/" + SessionNames.of(client.sessionId()))).startsWith("204");

			assertThat(ping(client)).isEqualTo(404);
		}
	}

	@Test
	void endsNothingWithoutUnrestrictedAccess() throws Exception {
		for (Supplier<ObservedServer> readOnly : Stream
			.<Supplier<ObservedServer>>of(() -> server(EXPOSED),
					() -> server(EXPOSED, "management.endpoint.mcpsessions.access=read-only"),
					() -> server(EXPOSED, UNRESTRICTED, "management.endpoints.access.max-permitted=read-only"))
			.toList()) {
			try (ObservedServer server = readOnly.get()) {
				RawMcpClient client = initialize(server);
				String path = "/actuator/mcpsessions/" + SessionNames.of(client.sessionId());

				assertThat(server.delete(path)).startsWith("405");

				assertThat(server.get(path)).startsWith("200");
				assertThat(ping(client)).isEqualTo(200);
			}
		}
	}

	@Test
	void refusesWhatIsNoPage() throws Exception {
		for (String query : List.of("size=0", "size=201", "size=a", "after=unknown")) {
			assertThat(this.first.get("/actuator/mcpsessions?" + query)).as(query).startsWith("400");
		}
	}

	@Test
	void showsWhatThisNodeHasWhileRedisIsAway() throws Exception {
		RawMcpClient client = initialize(this.first);
		String path = "/actuator/mcpsessions/" + SessionNames.of(client.sessionId());
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			this.first.tools().awaitReached("g");
			this.redis.pause();

			await(() -> assertThat(this.first.get("/actuator/mcpsessions")).startsWith("503").contains("outage"));
			JsonNode session = json(this.first.get(path));
			assertThat(session.get("outage").asString()).isNotBlank();
			assertThat(session.get("streams")).hasSize(1);
			assertThat(this.second.delete(path)).startsWith("503");
			this.redis.resume();
			await(() -> assertThat(this.second.delete(path)).matches("(?s)(204|404).*"));
			await(() -> assertThat(ping(client)).isEqualTo(404));
			this.first.tools().open("g");
			call.rest();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "servlet", "reactive" })
	void listsAndEndsSessionsInMemory(String type) throws Exception {
		try (ObservedServer server = server(EXPOSED, UNRESTRICTED, "mcp.persist.store=memory",
				"spring.main.web-application-type=" + type)) {
			RawMcpClient client = initialize(server);
			JsonNode session = json(server.get("/actuator/mcpsessions")).get("sessions").get(0);
			assertThat(session.get("session").asString()).isEqualTo(SessionNames.of(client.sessionId()));
			assertThat(session.get("node").isNull()).isTrue();

			assertThat(server.delete("/actuator/mcpsessions/" + session.get("session").asString())).startsWith("204");

			assertThat(json(server.get("/actuator/mcpsessions")).get("sessions")).isEmpty();
			assertThat(ping(client)).isEqualTo(404);
		}
	}

	@Test
	void readsWhatAnEndpointWithACodecOfItsOwnStores() throws Exception {
		try (ObservedServer server = ObservedServer.start(List.of(EXPOSED, "mcp.persist.store=memory"), Owned.class,
				OwnCodec.class)) {
			RawMcpClient client = initialize(server);

			JsonNode session = json(server.get("/actuator/mcpsessions/" + client.sessionId()));

			assertThat(session.get("summary").get("clientName").asString()).isEqualTo("raw");
			assertThat(session.get("summary").get("owner").asString()).isEqualTo("2bd806c97f0e00af");
			assertThat(session.get("subscriptions").asInt(-1)).isZero();
		}
	}

	@Test
	void hasItsFieldsInTheDocument() throws Exception {
		String document = Files.readString(Path.of("..", "docs", "operations.md"));
		List<JsonNode> examples = Pattern.compile("```json\\n(\\{ \"session\".*?)```", Pattern.DOTALL)
			.matcher(document)
			.results()
			.map((block) -> new JsonMapper().readTree(block.group(1)))
			.toList();
		RawMcpClient client = initialize(this.first);
		try (Exchange call = client.call("seven", "gated", "{\"gate\":\"g\"}")) {
			call.next();
			this.first.tools().awaitReached("g");

			JsonNode entry = json(this.first.get("/actuator/mcpsessions")).get("sessions").get(0);
			JsonNode session = json(this.first.get("/actuator/mcpsessions/" + client.sessionId()));

			assertThat(examples).hasSize(2);
			assertThat(fields(examples.get(0))).isEqualTo(fields(entry)).hasSizeGreaterThan(5);
			assertThat(fields(examples.get(1))).isEqualTo(fields(session));
			assertThat(fields(session)).allSatisfy((field) -> assertThat(document)
				.containsPattern("(?m)^\\| (`\\w+`, )*`" + field.substring(field.lastIndexOf('/') + 1) + "`"));
			this.first.tools().open("g");
			call.rest();
		}
	}

	private static Set<String> fields(JsonNode node) {
		Set<String> fields = new TreeSet<>();
		node.forEachEntry((name, value) -> {
			fields.add(name);
			fields(value).forEach((field) -> fields.add(name + "/" + field));
		});
		if (node.isArray()) {
			node.forEach((element) -> fields.addAll(fields(element)));
		}
		return fields;
	}

	@Test
	void isNotExposedUnlessItIsAskedFor() throws Exception {
		try (ObservedServer server = server("management.endpoints.web.exposure.include=mcppersist")) {
			assertThat(server.get("/actuator/mcppersist")).startsWith("200");
			assertThat(server.get("/actuator/mcpsessions")).startsWith("404");
		}
	}

	private static String nodeId(ObservedServer server) {
		return server.bean(RedisEventStore.class).nodeId();
	}

	private RawMcpClient initialize() {
		return initialize(this.first);
	}

	private static RawMcpClient initialize(ObservedServer server) {
		RawMcpClient[] client = new RawMcpClient[1];
		// Whether Redis is connected shows when a call is answered with IDs
		Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().untilAsserted(() -> {
			client[0] = server.client().initialize();
			try (Exchange call = client[0].call(0, "count", "{}")) {
				assertThat(call.rest()).allMatch((event) -> event.id() != null);
			}
		});
		return Objects.requireNonNull(client[0]);
	}

	private static int ping(RawMcpClient client) throws Exception {
		try (Exchange exchange = client.post("{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}")) {
			return exchange.status();
		}
	}

	private static int get(RawMcpClient client) throws Exception {
		try (Exchange exchange = client.get(null)) {
			return exchange.status();
		}
	}

	private static JsonNode stream(ObservedServer server, String session) throws Exception {
		JsonNode streams = json(server.get("/actuator/mcpsessions/" + session)).get("streams");
		for (JsonNode stream : streams) {
			if (stream.path("requestId").asString("").equals("\"seven\"")) {
				return stream;
			}
		}
		throw new AssertionError("Not among " + streams);
	}

	private static JsonNode json(String response) {
		assertThat(response).startsWith("200 ");
		return new JsonMapper().readTree(response.substring(4));
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

	/**
	 * All sessions are alice's, and all tasks.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Owned {

		@Bean
		FilterRegistrationBean<Filter> alice() {
			return new FilterRegistrationBean<>((request, response, chain) -> chain
				.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request) {

					@Override
					public Principal getUserPrincipal() {
						return () -> "alice";
					}

				}, response));
		}

	}

	/**
	 * An endpoint with a codec that is no bean.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnCodec {

		@Bean
		StreamableHttpEndpoint endpoint(StreamableHttpEndpoint.Builder builder) {
			return builder
				.payloadCodec(AesGcmPayloadCodec.builder().key("a", new byte[AesGcmPayloadCodec.KEY_BYTES]).build())
				.build();
		}

	}

}
