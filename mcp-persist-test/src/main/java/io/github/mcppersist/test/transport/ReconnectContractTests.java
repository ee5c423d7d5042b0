package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which clients are told when to come back, and whose connections the server closes.
 * Clients of one protocol version differ in what they bear and do.
 */
public abstract class ReconnectContractTests extends AbstractStreamableHttpTests {

	private boolean full;

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (this.full) {
			builder.executor((task) -> {
				throw new RejectedExecutionException("full");
			});
		}
	}

	private static final String ENDS_BY_BREAKING_ONLY = "ReactorNetty/1.3.0";

	@ParameterizedTest
	@NullSource
	@ValueSource(strings = { "Java-http-client/17.0.15", ENDS_BY_BREAKING_ONLY, "ai-sdk/1 runtime/node.js/v20",
			"node-fetch/1.0", "agent/1 (like Mozilla/5.0)", "" })
	void sendsToOtherClientsOnlyWhatAStrictParserKnows(@Nullable String userAgent) throws Exception {
		RawMcpClient client = as(userAgent,
				start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(20))))
			.initialize();
		String call;
		String listening;

		try (Exchange post = client.call(1, "gated", "{\"before\":1,\"n\":3,\"gate\":\"g\"}");
				Exchange get = client.get(null)) {
			for (int i = 0; i < 3; i++) {
				get.awaitComment();
			}
			this.tools.open("g");
			call = post.body();
			endpoint().closeGracefully().block(Duration.ofSeconds(10));
			listening = get.body();
		}

		assertStrict(call);
		assertStrict(listening);
		assertThat(call).startsWith("id: ").contains("counted 3");
		assertThat(listening).contains("id: ").contains("data: \n\n");
	}

	// Fail where the parser of the Java SDK's clients 1.0.0 to 2.0.1 does: it knows four
	// sorts of lines, and takes only so many empty lines that end no event
	private static void assertStrict(String body) {
		boolean data = false;
		for (String line : body.split("\n")) {
			assertThat(line).matches("|(id|event|data|):.+");
			assertThat(data || !line.isEmpty()).as("an empty line ends an event").isTrue();
			data = !line.isEmpty() && (data || line.startsWith("data:"));
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "node", "undici", "Mozilla/5.0 (X11; Linux x86_64)", "Deno/2.9.6", "Bun/1.4.5",
			"python-httpx/0.28.1", "python-httpx2/2.13.1" })
	void tellsClientsThatAreKnownToBearItWhenToComeBack(String userAgent) throws Exception {
		RawMcpClient client = as(userAgent, start()).initialize();

		try (Exchange call = client.call(1, "count", "{}"); Exchange get = client.get(null)) {
			assertThat(call.rest()).first().extracting(SseEvent::retry).isEqualTo("1000");
			assertThat(get.next()).isNotNull().extracting(SseEvent::retry).isEqualTo("1000");
			endpoint().closeGracefully().block(Duration.ofSeconds(10));
			assertThat(last(get.rest()).retry()).isEqualTo("1000");
		}
	}

	@Test
	void tellsAClientThatHasResumedARequestWhenToComeBack() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			assertThat(call.next()).isNotNull().extracting(SseEvent::retry).isNull();
			String cursor = call.next().id();
			call.cut();
			try (Exchange resume = client.get(cursor)) {
				assertThat(resume.next()).isEqualTo(new SseEvent(cursor, "", "1000"));
				this.tools.open("g");
				assertThat(numbers(resume.rest())).containsExactly("2", "3");
			}
		}

		try (Exchange call = client.call(2, "count", "{}")) {
			assertThat(call.next()).isNotNull().extracting(SseEvent::retry).isEqualTo("1000");
		}
	}

	@Test
	void closesNoConnectionBeforeTheClientHasShownThatItResumes() throws Exception {
		RawMcpClient client = start().initialize();
		this.tools.open("g");

		assertThat(hangup(client)).containsExactly("closed false");
		resumeACall(client);
		assertThat(hangup(client)).containsExactly("closed by the server", "closed true");
	}

	@Test
	void takesNoResumeOfTheStandaloneStreamForOneOfARequest() throws Exception {
		RawMcpClient client = start().initialize();
		this.tools.open("g");
		String cursor;
		try (Exchange get = client.get(null)) {
			cursor = get.next().id();
		}
		try (Exchange get = client.get(cursor)) {
			get.next();
		}

		assertThat(hangup(client)).containsExactly("closed false");
	}

	@ParameterizedTest
	@ValueSource(strings = { "Java-http-client/17.0.15", ENDS_BY_BREAKING_ONLY })
	void takesNoResumeOfAClientThatResumesOnlyBrokenStreamsForAProof(String userAgent) throws Exception {
		RawMcpClient client = as(userAgent, start()).initialize();
		this.tools.open("g");

		resumeACall(client);

		assertThat(hangup(client)).containsExactly("closed false");
	}

	@Test
	void closesTheConnectionsOfClientsThatTheApplicationTrusts() throws Exception {
		RawMcpClient trusted = start(trusting((request) -> request.clientInfo().name().equals("raw"))).initialize();
		this.tools.open("g");

		assertThat(hangup(trusted)).containsExactly("closed by the server", "closed true");
	}

	@Test
	void trustsNobodyIfTheApplicationCannotTell() throws Exception {
		RawMcpClient client = start(trusting((request) -> {
			throw new IllegalStateException("the predicate failed");
		})).initialize();
		this.tools.open("g");

		assertThat(hangup(client)).containsExactly("closed false");
	}

	@Test
	void initializesWhileToolsTakeAllThreads() throws Exception {
		this.full = true;

		RawMcpClient client = start(trusting((request) -> true)).initialize();

		assertThat(client.sessionId()).isNotNull();
	}

	@Test
	void trustsNobodyIfTheApplicationDoesNotSay() throws Exception {
		CountDownLatch never = new CountDownLatch(1);
		RawMcpClient client = start(trusting((request) -> {
			try {
				return never.await(20, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		})).initialize();
		this.tools.open("g");

		try {
			assertThat(hangup(client)).containsExactly("closed false");
		}
		finally {
			never.countDown();
		}
	}

	@Test
	void sendsNoRetryToAJavaClientThatIsTrusted() throws Exception {
		RawMcpClient client = as("Java-http-client/17.0.15", start(trusting((request) -> true))).initialize();

		try (Exchange call = client.call(1, "hangup", "{\"gate\":\"g\"}")) {
			assertStrict(call.body());
		}
	}

	@Test
	void letsNoConnectionGrowTooOldForAClientThatIsNotKnownToComeBack() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.heartbeatInterval(Duration.ofMillis(50))
			.maxConnectionAge(Duration.ofMillis(100))).initialize();

		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}");
				Exchange get = client.get(null)) {
			for (int i = 0; i < 6; i++) {
				call.awaitComment();
				get.awaitComment();
			}
			this.tools.open("g");
			assertThat(last(call.rest()).data()).contains("counted 2");
		}
	}

	@Test
	void closesAStandaloneConnectionThatIsTooOldIfItsClientHasComeBackWithIt() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.heartbeatInterval(Duration.ofMillis(50))
			.maxConnectionAge(Duration.ofMillis(100))).initialize();
		String cursor;
		try (Exchange get = client.get(null)) {
			cursor = get.next().id();
		}

		try (Exchange get = client.get(cursor)) {
			assertThat(get.rest()).isNotEmpty().allSatisfy((event) -> assertThat(event.retry()).isNull());
		}
		try (Exchange get = as(ENDS_BY_BREAKING_ONLY, client).get(cursor)) {
			for (int i = 0; i < 6; i++) {
				get.awaitComment();
			}
		}
	}

	private static RawMcpClient as(@Nullable String userAgent, RawMcpClient client) {
		return (userAgent != null) ? client.header("User-Agent", userAgent) : client;
	}

	private static StreamableHttpOptions.Builder trusting(Predicate<InitializeRequest> clients) {
		return StreamableHttpOptions.builder().resumingClients(clients);
	}

	private static void resumeACall(RawMcpClient client) throws Exception {
		String cursor;
		try (Exchange call = client.call("resumed", "count", "{\"n\":2}")) {
			cursor = call.rest().get(0).id();
		}
		try (Exchange resume = client.get(cursor)) {
			assertThat(numbers(resume.rest())).containsExactly("1", "2");
		}
	}

	/**
	 * Call the tool that closes its connection, and come back if it does.
	 * @param client the client
	 * @return what happened
	 */
	private static List<String> hangup(RawMcpClient client) throws Exception {
		List<String> happened = new ArrayList<>();
		List<SseEvent> events;
		try (Exchange call = client.call("hangup", "hangup", "{\"gate\":\"g\"}")) {
			events = call.rest();
		}
		if (last(events).data().isEmpty()) {
			happened.add("closed by the server");
			try (Exchange resume = client.get(last(events).id())) {
				events.addAll(resume.rest());
			}
		}
		assertThat(numbers(events)).containsExactly("1", "2");
		happened.add(last(events).data().replaceFirst(".*\"text\":\"([^\"]*)\".*", "$1"));
		return happened;
	}

}
