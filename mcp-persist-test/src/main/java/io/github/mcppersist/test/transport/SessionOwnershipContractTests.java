package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.SessionOwnerResolver;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Whose a session is: its owner's, and that of the MCP server that it was created at.
 */
public abstract class SessionOwnershipContractTests extends AbstractStreamableHttpTests {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final String NOTIFICATION = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";

	private static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
			+ "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}";

	private static final String SUBSCRIBE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
			+ "\"params\":{\"uri\":\"file:///a\"}}";

	private final EventStore eventStore = createStore();

	private final SessionStore sessionStore = new InMemorySessionStore();

	private final TestTools otherTools = new TestTools();

	private final Logger logger = (Logger) LoggerFactory.getLogger(StreamableHttpEndpoint.class.getPackageName());

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private @Nullable SessionOwnerResolver resolver;

	private @Nullable McpSyncServer other;

	private @Nullable WebServer otherWeb;

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (this.resolver != null) {
			builder.sessionOwnerResolver(this.resolver);
		}
	}

	@AfterEach
	void stopTheOther() throws Exception {
		this.logger.detachAppender(this.log);
		this.logger.setLevel(null);
		this.otherTools.openAll();
		if (this.other != null) {
			this.other.close();
		}
		if (this.otherWeb != null) {
			this.otherWeb.close();
		}
	}

	/**
	 * Start a server, and another that has the same stores.
	 * @param otherName the name of the other; the first one's is {@code test}
	 * @param otherOptions the options of the other
	 * @return the other's endpoint
	 * @throws Exception if one can't be started
	 */
	private StreamableHttpEndpoint startTwo(String otherName, StreamableHttpOptions.Builder otherOptions)
			throws Exception {
		start(this.eventStore, this.sessionStore, StreamableHttpOptions.builder());
		StreamableHttpEndpoint endpoint = otherEndpoint(otherOptions);
		this.other = this.otherTools.server(endpoint, otherName);
		this.otherWeb = serve(endpoint);
		return endpoint;
	}

	private StreamableHttpEndpoint otherEndpoint(StreamableHttpOptions.Builder options) {
		return StreamableHttpEndpoint.builder(this.eventStore)
			.sessionStore(this.sessionStore)
			.options(options.build())
			.build();
	}

	private RawMcpClient otherClient() {
		return new RawMcpClient(this.otherWeb.port(), "/mcp");
	}

	private static int status(Exchange exchange) throws Exception {
		try (exchange) {
			return exchange.status();
		}
	}

	private List<String> logged(Level level) {
		return this.log.list.stream()
			.filter((event) -> event.getLevel() == level)
			.map(ILoggingEvent::getFormattedMessage)
			.toList();
	}

	private void captureLog() {
		this.log.start();
		this.logger.setLevel(Level.WARN);
		this.logger.addAppender(this.log);
	}

	// Servers

	@Test
	void isUnavailableBeforeThereIsAServer() throws Exception {
		RawMcpClient client = start(this.eventStore, this.sessionStore, StreamableHttpOptions.builder()).initialize();
		StreamableHttpEndpoint endpoint = otherEndpoint(StreamableHttpOptions.builder());
		this.otherWeb = serve(endpoint);
		captureLog();

		RawMcpClient early = otherClient().sessionId(client.sessionId());
		for (Exchange exchange : List.of(early.call(1, "count", "{}"), early.get(null), early.delete())) {
			try (exchange) {
				assertThat(exchange.status()).isEqualTo(503);
				assertThat(exchange.body()).contains("the MCP server has not started yet");
			}
		}

		assertThat(this.log.list).isEmpty();
		this.other = this.otherTools.server(endpoint, "other");
	}

	@Test
	void existsAtTheServerThatCreatedItOnly() throws Exception {
		startTwo("other", StreamableHttpOptions.builder());
		captureLog();
		RawMcpClient client = client().initialize();
		RawMcpClient others = otherClient().initialize();
		try (Exchange call = client.call(1, "gated", "{\"n\":2,\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			for (RawMcpClient stray : List.of(otherClient().sessionId(client.sessionId()),
					client().sessionId(others.sessionId()))) {
				for (Exchange refused : List.of(stray.call(2, "count", "{}"), stray.get(null), stray.get(cursor),
						stray.post(NOTIFICATION), stray.post("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}"),
						stray.delete())) {
					try (refused; Exchange unknown = client().sessionId("unknown").get(null)) {
						assertThat(refused.status()).isEqualTo(404);
						assertThat(refused.body().replaceAll("\"id\":[^,}]*,?", ""))
							.isEqualTo(unknown.body().replaceAll("\"id\":[^,}]*,?", ""));
					}
				}
			}
			this.tools.open("g");
			assertThat(numbers(call.rest())).containsExactly("2");
		}
		for (RawMcpClient own : List.of(client, others)) {
			assertThat(status(own.call(3, "count", "{}"))).isEqualTo(200);
		}
		assertThat(logged(Level.WARN)).filteredOn((line) -> line.contains("MCP server"))
			.hasSize(2)
			.anyMatch((line) -> line.contains("'test' was asked for at 'other'"))
			.noneMatch((line) -> line.contains(client.sessionId()));
	}

	@Test
	void isCarriedOnByItsServerOnlyAfterItWasLetGo() throws Exception {
		StreamableHttpEndpoint first = startTwo("other",
				StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)));
		RawMcpClient others = otherClient().initialize();
		await().until(() -> first.statistics().sessions() == 0);

		assertThat(status(client().sessionId(others.sessionId()).call(1, "count", "{}"))).isEqualTo(404);
		assertThat(status(others.call(2, "count", "{}"))).isEqualTo(200);
	}

	@Test
	void isToldOfResourcesOfItsOwnServerOnly() throws Exception {
		startTwo("other", StreamableHttpOptions.builder());
		RawMcpClient client = client().initialize();
		RawMcpClient others = otherClient().initialize();
		try (Exchange get = client.get(null); Exchange othersGet = others.get(null)) {
			get.next();
			othersGet.next();
			for (RawMcpClient subscriber : List.of(client, others)) {
				try (Exchange subscribed = subscriber.post(SUBSCRIBE)) {
					assertThat(last(subscribed.rest()).data()).contains("\"result\"");
				}
			}

			for (int round = 0; round < 2; round++) {
				this.tools.running().notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
				assertThat(get.next().data()).contains("notifications/resources/updated");
				this.other.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
				assertThat(othersGet.next().data()).contains("notifications/resources/updated");
			}

			assertNothingElseCame(get, client, endpoint());
		}
	}

	@Test
	void isNotifiedByItsOwnServerOnly() throws Exception {
		StreamableHttpEndpoint otherEndpoint = startTwo("other", StreamableHttpOptions.builder());
		RawMcpClient client = client().initialize();
		RawMcpClient others = otherClient().initialize();
		try (Exchange get = client.get(null); Exchange othersGet = others.get(null)) {
			get.next();
			othersGet.next();

			otherEndpoint.notifyClient(client.sessionId(), "notifications/stray", Map.of()).block(LIMIT);
			otherEndpoint.notifyClients("notifications/all", Map.of()).block(LIMIT);

			assertThat(othersGet.next().data()).contains("notifications/all");
			assertNothingElseCame(get, client, endpoint());
		}
	}

	private static void assertNothingElseCame(Exchange get, RawMcpClient client, StreamableHttpEndpoint endpoint)
			throws Exception {
		endpoint.notifyClient(client.sessionId(), "notifications/last", Map.of()).block(LIMIT);
		assertThat(get.next().data()).contains("notifications/last");
	}

	@Test
	void twoServersOfOneNameDoNotStartOnTheSameStore() throws Exception {
		start(this.eventStore, this.sessionStore, StreamableHttpOptions.builder());
		StreamableHttpEndpoint second = otherEndpoint(StreamableHttpOptions.builder());
		try {
			assertThatIllegalStateException().isThrownBy(() -> this.otherTools.server(second, "test"))
				.withMessageContaining("'test'")
				.withMessageContaining("serverInfo(..)")
				.withMessageContaining("serverName(..)");

			endpoint().closeGracefully().block(LIMIT);

			this.other = this.otherTools.server(second, "test");
		}
		finally {
			second.closeGracefully().block(LIMIT);
		}
	}

	@Test
	void theOptionsNameAServerWhoseOwnNameIsTaken() throws Exception {
		startTwo("test", StreamableHttpOptions.builder().serverName("other"));
		RawMcpClient client = client().initialize();

		assertThat(status(otherClient().sessionId(client.sessionId()).call(1, "count", "{}"))).isEqualTo(404);
		assertThat(status(otherClient().initialize().call(1, "count", "{}"))).isEqualTo(200);
		assertThat(this.sessionStore.findSession(SessionNames.of(client.sessionId())).block(LIMIT).server())
			.isEqualTo("test");
		assertThatIllegalArgumentException().isThrownBy(() -> StreamableHttpOptions.builder().serverName(" "));
	}

	@Test
	void aSessionFromBeforeServersWereNotedExistsAtEach() throws Exception {
		startTwo("other", StreamableHttpOptions.builder());
		this.sessionStore
			.createSession(new SessionRecord(SessionNames.of("old"),
					"{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
							+ "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}",
					"2025-11-25", null, null, null, Set.of(), null, false, Revision.FIRST))
			.block(LIMIT);

		assertThat(status(client().sessionId("old").call(1, "count", "{}"))).isEqualTo(200);
		assertThat(status(otherClient().sessionId("old").call(1, "count", "{}"))).isEqualTo(200);
	}

	// Owners

	@Test
	void isItsOwnersUnderWhateverNameThePrincipalHas() throws Exception {
		this.resolver = (principal) -> principal.getName().replaceAll("-token.*", "");
		RawMcpClient alice = start().user("alice-token1").initialize();

		assertThat(status(alice.user("alice-token2").call(1, "count", "{}"))).isEqualTo(200);
		assertThat(status(alice.user("bob-token2").call(1, "count", "{}"))).isEqualTo(404);
		assertThat(status(alice.user(null).call(1, "count", "{}"))).isEqualTo(404);
		assertThat(status(alice.user("alice-token3").delete())).isEqualTo(200);
	}

	@Test
	void aResolverMayKnowNobody() throws Exception {
		this.resolver = (principal) -> null;
		RawMcpClient client = start().initialize();

		for (String user : new String[] { "alice", null, "bob" }) {
			assertThat(status(client.user(user).call(1, "count", "{}"))).isEqualTo(200);
		}
		assertThat(status(client().user("alice").initialize().user(null).call(1, "count", "{}"))).isEqualTo(200);
	}

	@Test
	void refusesWhomTheResolverCannotNameAndSaysWhyOnce() throws Exception {
		this.resolver = (principal) -> {
			if (principal.getName().equals("nameless")) {
				throw new IllegalStateException("declare something");
			}
			return principal.getName();
		};
		RawMcpClient alice = start().user("alice").initialize();
		captureLog();

		RawMcpClient nameless = client().sessionId(alice.sessionId()).user("nameless");
		for (Exchange refused : List.of(
				client().user("nameless").send("POST", client().user("nameless").postHeaders(), INITIALIZE),
				nameless.call(1, "count", "{}"), nameless.get(null), nameless.delete())) {
			try (refused) {
				assertThat(refused.status()).isEqualTo(500);
				assertThat(refused.body()).contains("-32603")
					.contains("who owns the session")
					.doesNotContain("declare something");
			}
		}

		assertThat(logged(Level.ERROR)).hasSize(1).allMatch((line) -> line.contains("who owns"));
		assertThat(this.log.list).filteredOn((event) -> event.getLevel() == Level.ERROR)
			.allMatch((event) -> event.getThrowableProxy().getMessage().equals("declare something"));
		assertThat(status(client().sessionId(alice.sessionId()).user("alice").call(1, "count", "{}"))).isEqualTo(200);
	}

	@Test
	void saysOnceASessionThatSomebodyElseCame() throws Exception {
		RawMcpClient alice = start().user("alice").initialize();
		RawMcpClient nobody = client().initialize();
		RawMcpClient bob = client().user("bob").initialize();
		captureLog();

		for (int i = 0; i < 3; i++) {
			assertThat(status(client().sessionId(alice.sessionId()).user("mallory").get(null))).isEqualTo(404);
		}
		assertThat(logged(Level.WARN)).hasSize(1);
		assertThat(logged(Level.WARN)).last()
			.asString()
			.contains("by an owner, and the request is of another")
			.contains("SessionOwnerResolver");

		assertThat(status(client().sessionId(nobody.sessionId()).user("mallory").call(1, "count", "{}")))
			.isEqualTo(404);
		assertThat(logged(Level.WARN)).last().asString().contains("created by nobody").contains("is of an owner");

		assertThat(status(client().sessionId(bob.sessionId()).call(1, "count", "{}"))).isEqualTo(404);
		assertThat(logged(Level.WARN)).last().asString().contains("by an owner").contains("came without a principal");

		assertThat(logged(Level.WARN)).hasSize(3)
			.noneMatch((line) -> line.contains("alice") || line.contains("mallory") || line.contains("bob")
					|| line.contains(alice.sessionId()));
		assertThat(status(alice.call(1, "count", "{}"))).isEqualTo(200);
		assertThat(logged(Level.WARN)).hasSize(3);
	}

}
