package io.github.mcppersist.transport;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SubscriptionStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a client is told that subscribes when as many resources have subscribers as there
 * may be.
 */
class SubscriptionsBoundTests extends AbstractStreamableHttpTests {

	private static final int PER_SESSION = 1000;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Test
	void refusesASubscriptionWithAnErrorAndAnHonestLogLine() throws Exception {
		InMemorySessionStore store = InMemorySessionStore.builder().maxBytes(Long.MAX_VALUE).build();
		for (int i = 0; i < SubscriptionStore.MAX_SUBSCRIBED_URIS / PER_SESSION; i++) {
			String prefix = "file:///" + i + "/";
			Set<String> uris = new HashSet<>();
			IntStream.range(0, PER_SESSION).forEach((n) -> uris.add(prefix + n));
			store
				.createSession(new SessionRecord("session-" + i, "{}", "2025-11-25", null, "other", null, uris, null,
						false, Revision.FIRST))
				.block();
		}
		RawMcpClient client = start(createStore(), store, StreamableHttpOptions.builder()).initialize();
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(ResourceSubscriptions.class);
		logger.addAppender(log);
		try {
			for (int i = 0; i < 3; i++) {
				assertThat(subscribe(client, i, "file:///new/" + i)).contains("\"id\":" + i)
					.contains("-32000")
					.contains("Too many resources have subscribers");
			}
			assertThat(subscribe(client, 4, "file:///0/0")).contains("\"result\"");
		}
		finally {
			logger.detachAppender(log);
		}

		SessionRecord stored = store.findSession(SessionNames.of(client.sessionId())).block();
		assertThat(Objects.requireNonNull(stored).subscriptions()).containsExactly("file:///0/0");
		assertThat(log.list).singleElement().satisfies((line) -> {
			assertThat(line.getLevel()).isEqualTo(Level.WARN);
			assertThat(line.getFormattedMessage()).contains("100000").doesNotContain("file:///");
		});
	}

	private static String subscribe(RawMcpClient client, int id, String uri) throws Exception {
		try (Exchange subscribed = client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id
				+ ",\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"" + uri + "\"}}")) {
			List<SseEvent> events = subscribed.rest();
			return events.get(events.size() - 1).data();
		}
	}

}
