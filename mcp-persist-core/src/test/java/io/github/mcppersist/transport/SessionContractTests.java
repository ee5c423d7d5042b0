package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How long a session lives.
 */
public abstract class SessionContractTests extends AbstractStreamableHttpTests {

	private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";

	@Test
	void deletesASessionForGoodWithItsRunningToolAndItsReaders() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}"); Exchange get = client.get(null)) {
			String cursor = call.next().id();
			call.next();
			get.next();

			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			assertThat(call.next()).isNull();
			assertThat(get.next()).isNull();
			this.tools.open("g");
			for (Exchange late : List.of(client.get(cursor), client.get(null), client.call(2, "count", "{}"),
					client.delete())) {
				try (late) {
					assertThat(late.status()).isEqualTo(404);
				}
			}
		}
	}

	@Test
	void answersACallWhoseSessionIsDeletedWhileItsStreamIsOpened() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store).initialize();
		store.delayWrites(Duration.ofSeconds(2));
		Future<Integer> status = async(() -> {
			try (Exchange call = client.call(1, "count", "{}")) {
				return call.status();
			}
		});
		await().until(() -> store.writesUnderWay() > 0);

		try (Exchange delete = client.delete()) {
			assertThat(delete.status()).isEqualTo(200);
		}

		assertThat(status.get(10, TimeUnit.SECONDS)).isEqualTo(404);
	}

	@Test
	void leavesOtherSessionsAloneWhenOneIsDeleted() throws Exception {
		RawMcpClient client = start().initialize();
		RawMcpClient other = client().initialize();
		try (Exchange call = other.call(1, "gated", "{\"n\":2,\"gate\":\"g\"}")) {
			call.next();
			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}
			this.tools.open("g");
			assertThat(numbers(call.rest())).containsExactly("1", "2");
		}
	}

	@Test
	void endsASessionThatIsNotUsed() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().sessionTimeout(Duration.ofSeconds(1))).initialize();

		await().pollInterval(Duration.ofMillis(1600)).untilAsserted(() -> {
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(404);
			}
		});
	}

	@Test
	void keepsASessionWhileAConnectionIsOpen() throws Exception {
		RawMcpClient client = startImpatient();

		try (Exchange get = client.get(null)) {
			for (int i = 0; i < 20; i++) {
				get.awaitComment();
			}
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(200);
			}
		}
	}

	@Test
	void keepsASessionWhileARequestRuns() throws Exception {
		RawMcpClient client = startImpatient();

		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			for (int i = 0; i < 20; i++) {
				call.awaitComment();
			}
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(200);
			}
		}
	}

	private RawMcpClient startImpatient() throws Exception {
		return start(StreamableHttpOptions.builder()
			.sessionTimeout(Duration.ofSeconds(1))
			.heartbeatInterval(Duration.ofMillis(100))).initialize();
	}

}
