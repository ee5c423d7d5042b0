package io.github.mcppersist.test.redis;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link RedisServer}.
 */
@NeedsRedis
class RedisServerTests {

	@Test
	void keepsItsDataOverARestart() {
		try (RedisServer server = RedisServer.start()) {
			server.cli("SET", "key", "value");

			server.restart();

			assertThat(server.cli("GET", "key")).isEqualTo("value");
		}
	}

	@Test
	void losesItsDataInAnEmptyRestart() {
		try (RedisServer server = RedisServer.start()) {
			server.cli("SET", "key", "value");
			server.restart();

			server.restartEmpty();

			assertThat(server.cli("GET", "key")).isNull();
		}
	}

	@Test
	void answersWhileItIsLoadingThatItIs() {
		try (RedisServer server = RedisServer.start()) {
			server.cli("SET", "key", "value");

			server.restartLoading();

			assertThatExceptionOfType(RedisServer.ErrorReply.class).isThrownBy(() -> server.cli("GET", "key"))
				.withMessageStartingWith("LOADING");
			server.finishLoading();
			assertThat(server.cli("GET", "key")).isEqualTo("value");
		}
	}

	@Test
	void answersNothingWhilePaused() throws IOException {
		try (RedisServer server = RedisServer.start()) {
			server.pause();
			try (RespClient client = new RespClient(server.port(), Duration.ofSeconds(1))) {
				assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> client.send("PING"));
			}

			server.resume();

			assertThat(server.cli("PING")).isEqualTo("PONG");
		}
	}

	@Test
	void takesConfiguration() {
		try (RedisServer server = RedisServer.start("maxmemory 3mb", "requirepass secret")) {
			assertThat(server.info("maxmemory")).isEqualTo("3145728");
			assertThatExceptionOfType(RedisServer.ErrorReply.class).isThrownBy(() -> server.cli("NOSUCH"))
				.withMessageStartingWith("ERR unknown command");
		}
	}

	@Test
	void saysWhyItDoesNotStart() {
		assertThatIllegalStateException().isThrownBy(() -> RedisServer.start("nonsense yes"))
			.withMessageContaining("nonsense yes");
	}

	@Test
	void endsWhenItIsClosedEvenIfPaused() {
		RedisServer server = RedisServer.start();
		server.pause();

		server.close();

		assertThat(server.isRunning()).isFalse();
	}

}
