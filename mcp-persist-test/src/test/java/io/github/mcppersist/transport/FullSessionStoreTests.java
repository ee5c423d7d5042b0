package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Objects;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A session that is in use, that the store has lost, and for which it has no place: what
 * a node that holds it does for its client.
 */
class FullSessionStoreTests extends AbstractStreamableHttpTests {

	private final RecordingObserver observer = new RecordingObserver();

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private volatile SessionStore store = new InMemorySessionStore();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		// Or it wouldn't look into the store
		builder.nodeRegistry(NodeRegistry.single()).observer(this.observer);
	}

	@BeforeEach
	void startLogging() {
		this.log.start();
		((Logger) LoggerFactory.getLogger(Sessions.class)).addAppender(this.log);
	}

	@AfterEach
	void stopLogging() {
		((Logger) LoggerFactory.getLogger(Sessions.class)).detachAppender(this.log);
	}

	@Test
	void servesItsResumesAndCalls() throws Exception {
		RawMcpClient client = start(createStore(), store(), StreamableHttpOptions.builder()).initialize();
		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{}")) {
			events = call.rest();
		}
		lose(client);

		try (Exchange resume = client.get(events.get(0).id()); Exchange call = client.call(2, "count", "{}")) {
			assertThat(resume.rest()).extracting(SseEvent::data)
				.containsExactlyElementsOf(events.subList(1, events.size()).stream().map(SseEvent::data).toList());
			assertThat(call.status()).isEqualTo(200);
			assertThat(call.rest()).last().satisfies((event) -> assertThat(event.data()).contains("\"result\""));
		}
	}

	@Test
	void refusesWhatIsToBeKeptOfIt() throws Exception {
		RawMcpClient client = start(createStore(), store(), StreamableHttpOptions.builder()).initialize();
		lose(client);

		try (Exchange change = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"logging/setLevel\","
				+ "\"params\":{\"level\":\"error\"}}")) {
			assertThat(change.status()).isEqualTo(200);
			assertThat(change.rest()).last()
				.satisfies((event) -> assertThat(event.data()).contains("-32000", "as many sessions as there may be"));
		}
	}

	@Test
	void countsAndLogsThatItIsNotStored() throws Exception {
		RawMcpClient client = start(createStore(), store(), StreamableHttpOptions.builder()).initialize();
		lose(client);

		client.get("none").close();
		client.get("none").close();

		await().until(() -> this.observer.notStored.get() >= 2);
		assertThat(this.log.list).filteredOn((line) -> line.getLevel().equals(Level.WARN))
			.singleElement()
			.satisfies((line) -> assertThat(line.getFormattedMessage()).contains("max-sessions"));
	}

	private void lose(RawMcpClient client) {
		SessionStore full = InMemorySessionStore.builder().maxSessions(1).build();
		full.createSession(SessionRecord.initialized("other", "{}", "2025-11-25", null, "server")).block();
		this.store = full;
		assertThat(full.findSession(SessionNames.of(client.sessionId())).block()).isNull();
	}

	private SessionStore store() {
		return (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { SessionStore.class },
				(proxy, method, arguments) -> {
					try {
						return method.invoke(Objects.requireNonNull(this.store), arguments);
					}
					catch (InvocationTargetException ex) {
						throw ex.getCause();
					}
				});
	}

}
