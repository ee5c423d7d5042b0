package io.github.mcppersist.samples.failover;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.DefaultApplicationArguments;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FailoverDemoTests {

	private final ByteArrayOutputStream output = new ByteArrayOutputStream();

	@Test
	void losesNothingOnAnEmbeddedRedis() throws Exception {
		assertNothingIsLost();
	}

	@Test
	void losesNothingInMemory() throws Exception {
		assertNothingIsLost("--mcp.persist.store=memory");
	}

	private void assertNothingIsLost(String... args) throws Exception {
		ApplicationArguments arguments = new DefaultApplicationArguments(args);
		try (DemoRedis redis = DemoRedis.start(arguments); DemoServer server = DemoServer.start(arguments, redis, 0)) {
			assertThat(new CutAndResume(server.endpoint(), new PrintStream(this.output)).call()).isEmpty();
		}
		assertThat(this.output.toString(StandardCharsets.UTF_8)).contains("CUT by the client",
				"OK: 7 notifications on A, 13 and the result on B");
	}

}
