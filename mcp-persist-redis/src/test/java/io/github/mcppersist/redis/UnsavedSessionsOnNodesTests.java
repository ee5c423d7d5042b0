package io.github.mcppersist.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StoreFailurePolicy;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Sessions that begin while Redis refuses writes: no node calls them unknown.
 */
@Timeout(120)
@NeedsRedis
class UnsavedSessionsOnNodesTests {

	private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";

	private RedisServer server;

	private TestRedis redis;

	private McpNodes nodes;

	@BeforeEach
	void start() throws Exception {
		this.server = RedisServer.start("maxmemory-policy noeviction");
		this.redis = new TestRedis(this.server.uri());
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
		this.redis.close();
		this.server.close();
	}

	@Test
	void areServedWhereTheyBeganAndElsewhereOnceTheyAreStored() throws Exception {
		this.nodes = McpNodes.start(this.redis, 2);
		this.server.cli("CONFIG", "SET", "maxmemory", "1");
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient elsewhere = client.at(this.nodes.get(1).port());

		// It is told; its store would say so after the next beat
		await().until(() -> status(elsewhere) == 503);
		try (Exchange ping = elsewhere.post(PING)) {
			assertThat(ping.status()).isEqualTo(503);
			assertThat(ping.header("Retry-After")).isEqualTo("1");
		}
		assertThat(status(client)).isEqualTo(200);

		this.server.cli("CONFIG", "SET", "maxmemory", "0");

		Set<Integer> answers = ConcurrentHashMap.newKeySet();
		await().until(() -> {
			int status = status(elsewhere);
			answers.add(status);
			return status == 200;
		});
		assertThat(answers).isSubsetOf(503, 200);
	}

	@Test
	void keepNoUnknownSessionFromBeingCalledThatForLong() throws Exception {
		this.nodes = McpNodes.start(this.redis, 2);
		RawMcpClient stranger = this.nodes.get(1).client().sessionId("0b60cf5e-0000-0000-0000-000000000000");
		assertThat(status(stranger)).isEqualTo(404);
		this.server.cli("CONFIG", "SET", "maxmemory", "1");
		await().until(() -> status(stranger) == 503);

		this.server.cli("CONFIG", "SET", "maxmemory", "0");

		await().until(() -> status(stranger) == 404);
	}

	@Test
	void areNoneWhereTheyAreRefused() throws Exception {
		this.nodes = McpNodes.start(this.redis, 1,
				StreamableHttpOptions.builder().onStoreFailure(StoreFailurePolicy.REJECT).build(), Duration.ofHours(1));
		this.server.cli("CONFIG", "SET", "maxmemory", "1");
		await().until(() -> this.nodes.get(0).store.outage() != null);

		assertThat(status(this.nodes.get(0).client().sessionId("0b60cf5e-0000-0000-0000-000000000000"))).isEqualTo(404);
	}

	private static int status(RawMcpClient client) throws IOException {
		try (Exchange ping = client.post(PING)) {
			return ping.status();
		}
	}

}
