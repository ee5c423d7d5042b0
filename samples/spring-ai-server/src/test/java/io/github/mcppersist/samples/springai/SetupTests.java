package io.github.mcppersist.samples.springai;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.mcppersist.samples.springai.Instance.Mode;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisExtension;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * The ways to start the application.
 */
@NeedsRedis
class SetupTests {

	private static final String NO_REDIS = "--spring.data.redis.port=1";

	// What is a bean was settled by the build, what its beans do was not
	@ParameterizedTest
	@EnumSource(names = "ON_VIRTUAL_THREADS", mode = EnumSource.Mode.EXCLUDE)
	void letsOnlyItsUserCallWithTheProfileBasic(Mode mode) throws Exception {
		try (Instance instance = Instance.start(SpringAiServerApplication::main, mode, "--spring.profiles.active=basic",
				"--spring.security.user.name=ann", "--spring.security.user.password=secret",
				"--spring.data.redis.url=" + RedisExtension.uri())) {
			assertThatIOException().isThrownBy(() -> instance.client().initialize()).withMessageContaining("401");
			assertThatIOException().isThrownBy(() -> withPassword(instance, "demo:demo").initialize())
				.withMessageContaining("401");
			assertThat(add(withPassword(instance, "ann:secret").initialize())).contains("\"text\":\"3\"");
			assertThat(health(instance)).contains("UP");
		}
	}

	@Test
	void needsNoRedisToKeepItAllInMemory() throws Exception {
		try (Instance instance = Instance.start(SpringAiServerApplication::main, Mode.AS_WRITTEN,
				"--mcp.persist.store=memory", NO_REDIS)) {
			assertThat(add(instance.client().initialize())).contains("\"text\":\"3\"");
			assertThat(health(instance)).contains("UP");
		}
	}

	@Test
	void isPlainSpringAiWithoutMcpPersist() throws Exception {
		try (Instance instance = Instance.start(SpringAiServerApplication::main, Mode.AS_WRITTEN,
				"--mcp.persist.enabled=false", NO_REDIS)) {
			assertThat(instance.context().getBeansOfType(StreamableHttpEndpoint.class)).isEmpty();
			assertThat(add(instance.client().initialize())).contains("\"text\":\"3\"");
		}
	}

	private static RawMcpClient withPassword(Instance instance, String user) {
		return instance.client()
			.header("Authorization",
					"Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.US_ASCII)));
	}

	private static String add(RawMcpClient client) throws IOException {
		try (Exchange exchange = client.call(2, "add", "{\"a\":1,\"b\":2}")) {
			// Spring AI leaves the connection open
			String data;
			do {
				data = exchange.next().data();
			}
			while (data.isEmpty());
			return data;
		}
	}

	private static String health(Instance instance) throws IOException {
		RawMcpClient client = new RawMcpClient(instance.port(), "/actuator/health");
		try (Exchange exchange = client.send("GET", client.sessionHeaders(), null)) {
			return exchange.body();
		}
	}

}
