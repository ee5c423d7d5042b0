package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of the requests of a node that dies, or stops.
 */
@NeedsRedis
class NodeDeathTests {

	private final TestRedis redis;

	private McpNodes nodes;

	private RawMcpClient client;

	NodeDeathTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3);
		this.client = this.nodes.initialize("{}");
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void endsTheRequestsOfADeadNodeWithAnErrorOnceForAllReaders() throws Exception {
		Exchange call = this.client.call(7, "gated", "{\"gate\":\"g\"}");
		String cursor = call.next().id();
		call.next();
		List<CompletableFuture<List<SseEvent>>> readers = new ArrayList<>();

		this.nodes.get(0).die();
		for (int node = 1; node < 3; node++) {
			int port = this.nodes.get(node).port();
			readers.add(OnNodes.async(() -> readToTheEnd(this.client.at(port), cursor)));
		}

		SseEvent error = null;
		for (CompletableFuture<List<SseEvent>> reader : readers) {
			List<SseEvent> events = reader.get(60, TimeUnit.SECONDS);
			SseEvent last = events.get(events.size() - 1);
			assertThat(events.stream().filter((event) -> event.data().contains("\"id\":7"))).hasSize(1);
			assertThat(last.data()).contains("\"error\"").contains("outcome of the request is unknown");
			assertThat(error == null || error.id().equals(last.id())).isTrue();
			error = last;
		}
		// What the tool of the dead node still does changes nothing
		this.nodes.get(0).tools.open("g");
		List<SseEvent> again = readToTheEnd(this.client.at(this.nodes.get(2).port()), cursor);
		assertThat(again.get(again.size() - 1)).isEqualTo(error);
		try (Exchange next = this.client.at(this.nodes.get(1).port()).call(8, "count", "{}")) {
			assertThat(OnNodes.numbers(next.rest())).containsExactly("1", "2", "3");
		}
		call.close();
	}

	@Test
	void logsThatANodeDiedAndWhichRequestsWereEndedForIt() throws Exception {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger("io.github.mcppersist");
		logger.setLevel(Level.INFO);
		logger.addAppender(log);
		try (Exchange call = this.client.call(7, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			String dead = this.nodes.get(0).store.nodeId();

			this.nodes.get(0).die();
			readToTheEnd(this.client.at(this.nodes.get(1).port()), cursor);

			await().atMost(Duration.ofMinutes(1))
				.untilAsserted(() -> assertThat(List.copyOf(log.list))
					// A machine that stands still for a while may miss others as well
					.filteredOn((line) -> line.getFormattedMessage().startsWith("Node " + dead + " has gone"))
					.hasSize(2)
					.allSatisfy((line) -> {
						assertThat(line.getLevel()).isEqualTo(Level.WARN);
						assertThat(line.getKeyValuePairs()).extracting(Object::toString)
							.containsExactly("mcp.node.id=\"" + dead + "\"");
					}));
			assertThat(log.list).filteredOn((line) -> line.getFormattedMessage().contains("was ended with an error"))
				.singleElement()
				.satisfies((line) -> assertThat(line.getKeyValuePairs()).extracting((pair) -> pair.key)
					.containsExactly("mcp.stream.id", "mcp.node.id"));
			assertThat(log.list)
				.noneSatisfy((line) -> assertThat(line.getFormattedMessage()).contains(this.client.sessionId()));
		}
		finally {
			logger.detachAppender(log);
			logger.setLevel(null);
		}
	}

	@Test
	void leavesTheRequestsOfLivingNodesAlone() throws Exception {
		try (Exchange call = this.client.at(this.nodes.get(1).port()).call(7, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			this.nodes.get(0).die();
			try (Exchange resumed = this.client.at(this.nodes.get(2).port()).get(cursor)) {
				assertThat(resumed.next().data()).contains("\"data\":\"1\"");
				// Twice as long as it takes until a node is given up
				await().pollDelay(McpNodes.NODE_TIMEOUT.multipliedBy(2))
					.atMost(Duration.ofMinutes(1))
					.until(() -> true);

				this.nodes.get(1).tools.open("g");

				assertThat(OnNodes.numbers(resumed.rest())).containsExactly("2", "3");
			}
		}
	}

	@Test
	void finishesARunningToolWhileItsNodeStopsAndAnswersByResumeElsewhere() throws Exception {
		Exchange call = this.client.call(7, "gated", "{\"gate\":\"g\"}");
		String cursor = call.next().id();
		call.next();
		call.cut();
		try (Exchange kept = this.client.call(8, "gated", "{\"gate\":\"g\"}");
				Exchange listening = this.client.get(null)) {
			kept.next();
			kept.next();
			listening.next();
			CompletableFuture<Void> stopped = OnNodes.async(() -> {
				this.nodes.get(0).endpoint.shutDown(Duration.ofMinutes(1)).block(Duration.ofMinutes(2));
				return null;
			});
			assertThat(listening.rest()).as("the standalone connection").allMatch((event) -> event.data().isEmpty());
			try (Exchange resumed = this.client.at(this.nodes.get(1).port()).get(cursor)) {
				assertThat(resumed.next().data()).contains("\"data\":\"1\"");

				this.nodes.get(0).tools.open("g");

				assertThat(OnNodes.numbers(resumed.rest())).containsExactly("2", "3");
				assertThat(OnNodes.numbers(kept.rest())).containsExactly("2", "3");
			}
			stopped.get(60, TimeUnit.SECONDS);
		}
		try (Exchange next = this.client.at(this.nodes.get(1).port()).call(9, "count", "{}")) {
			assertThat(next.status()).isEqualTo(200);
		}
	}

	@Test
	void endsWhatRunsAtTheEndOfTheGracePeriodWithAnErrorThatOtherNodesReplay() throws Exception {
		try (Exchange call = this.client.call(7, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();

			this.nodes.get(0).endpoint.shutDown(Duration.ofMillis(300)).block(Duration.ofMinutes(1));

			assertThat(call.rest().get(0).data()).contains("The server shut down");
			List<SseEvent> replayed = readToTheEnd(this.client.at(this.nodes.get(1).port()), cursor);
			assertThat(replayed.get(replayed.size() - 1).data()).contains("The server shut down");
		}
	}

	/**
	 * Read a stream as a client does that comes back after a while whenever its
	 * connection ends.
	 */
	private static List<SseEvent> readToTheEnd(RawMcpClient client, String cursor) throws Exception {
		List<SseEvent> events = new ArrayList<>();
		String last = cursor;
		for (int attempt = 0; attempt < 100; attempt++) {
			try (Exchange resumed = client.get(last)) {
				for (SseEvent event = resumed.next(); event != null; event = resumed.next()) {
					last = (event.id() != null) ? event.id() : last;
					if (!event.data().isEmpty()) {
						events.add(event);
					}
					if (event.data().contains("\"id\":7")) {
						return events;
					}
				}
			}
			await().pollDelay(Duration.ofMillis(250)).until(() -> true);
		}
		return events;
	}

}
