package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.DefaultApplicationArguments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

// It starts a Redis by itself
@Tag("redis")
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DemoRedisTests {

	@Test
	void keepsWhatItHeldWhileItIsStopped() throws Exception {
		try (DemoRedis redis = DemoRedis.start(new DefaultApplicationArguments())) {
			String option = redis.serverArguments().get(0);
			int port = URI.create(option.substring(option.indexOf('=') + 1)).getPort();
			assertThat(say(port, "SET key value")).isEqualTo("+OK");

			redis.stop();

			assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> say(port, "GET key"));
			redis.startAgain();
			assertThat(say(port, "GET key")).isEqualTo("$5\r\nvalue");
		}
	}

	@Test
	void leavesTheRedisOfOthersAlone() throws Exception {
		try (DemoRedis redis = DemoRedis
			.start(new DefaultApplicationArguments("--spring.data.redis.url=redis://localhost:1"))) {
			assertThat(redis.isOwn()).isFalse();
			assertThatIllegalStateException().isThrownBy(redis::stop).withMessageContaining("not the demo's own");
		}
	}

	private static String say(int port, String command) throws IOException {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
			String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
			return answer.substring(0, answer.lastIndexOf("\r\n+OK"));
		}
	}

}
