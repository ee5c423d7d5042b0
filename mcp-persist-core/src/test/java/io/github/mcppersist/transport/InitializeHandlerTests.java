package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.simulation.SimulatedRequest;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How a session begins.
 */
class InitializeHandlerTests {

	private static final ManualEndpoint.Gate OPEN = (method) -> null;

	private static final String PARAMETERS = """
			"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"%s","version":"1"}""";

	@Test
	void isUnavailableBeforeThereIsAServer() {
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore())
			.threads(new ManualThreads())
			.build();
		ManualEndpoint.Response response = new ManualEndpoint.Response();

		endpoint.handle(SimulatedRequest.of("POST", "test", null, null, """
				{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"""), response);

		assertThat(response.status()).isEqualTo(503);
		assertThat(response.body()).contains("\"id\":1").contains("has not started yet");
	}

	@Test
	void refusesParametersThatAreOfSomethingElse() {
		ManualEndpoint.Response response = new ManualEndpoint("2025-11-25", OPEN, OPEN).post("initialize",
				"\"capabilities\":7");

		assertThat(response.status()).isEqualTo(400);
		assertThat(response.body()).contains("\"id\":1").contains("-32602");
	}

	@Test
	void refusesParametersThatAreTooLong() {
		String name = "n".repeat(SessionRules.MAX_INITIALIZE_LENGTH);

		ManualEndpoint.Response response = new ManualEndpoint("2025-11-25", OPEN, OPEN).post("initialize",
				PARAMETERS.formatted(name));

		assertThat(response.status()).isEqualTo(413);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void trustsAClientAsTheApplicationSays(boolean trusted) {
		ManualEndpoint endpoint = asking(OPEN, (client) -> trusted);

		assertThat(endpoint.session().isResuming()).isEqualTo(trusted);
	}

	@Test
	void trustsNoClientThatTheApplicationFailsFor() {
		ManualEndpoint endpoint = asking(OPEN, (client) -> {
			throw new NoClassDefFoundError("com/example/Clients");
		});

		assertThat(endpoint.session().isResuming()).isFalse();
	}

	@Test
	void waitsTwoSecondsForTheApplicationsWord() {
		AtomicBoolean blocking = new AtomicBoolean();
		ManualEndpoint endpoint = asking(
				(method) -> (blocking.get() && method.getName().equals("callBack")) ? "never" : null, (client) -> true);
		blocking.set(true);

		ManualEndpoint.Response response = endpoint.post("initialize", PARAMETERS.formatted("test"));

		endpoint.threads().pass(Duration.ofMillis(1_999));
		assertThat(response.isAnsweredOnce()).isFalse();
		endpoint.threads().pass(Duration.ofMillis(1));
		assertThat(response.isAnsweredOnce()).isTrue();
		assertThat(response.status()).isEqualTo(200);
	}

	private static ManualEndpoint asking(ManualEndpoint.Gate onThreads, Predicate<InitializeRequest> resumingClients) {
		return new ManualEndpoint("2025-11-25", onThreads, OPEN,
				(builder) -> builder.options(StreamableHttpOptions.builder().resumingClients(resumingClients).build()));
	}

}
