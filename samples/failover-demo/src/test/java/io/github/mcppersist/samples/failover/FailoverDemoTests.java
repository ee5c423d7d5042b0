package io.github.mcppersist.samples.failover;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.DefaultApplicationArguments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

// It starts a Redis by itself
@Tag("redis")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FailoverDemoTests {

	private final ByteArrayOutputStream output = new ByteArrayOutputStream();

	private final PrintStream out = new PrintStream(this.output);

	@TempDir
	private Path directory;

	@AfterEach
	void leavesNoProcessBehind() {
		await().until(() -> ProcessHandle.current().children().toList(), List::isEmpty);
	}

	@Test
	void losesNothingWithAConnectionOrAClientAndTheSessionSurvivesAnInstance() throws Exception {
		Process demo = startDemo();

		assertThat(demo.waitFor(5, TimeUnit.MINUTES)).isTrue();

		assertThat(printed()).contains("CUT by the client", "OK: 7 notifications from A, 13 and the result from B",
				"OK: B knew how far the tool on A was, and both have its result", "KILLED with -9",
				"its task has failed; and in the same session B counted to 3");
		assertThat(demo.exitValue()).isZero();
	}

	@Test
	void failsIfTheInstancesShareNothing() throws Exception {
		Process demo = startDemo("--mcp.persist.store=memory");

		assertThat(demo.waitFor(5, TimeUnit.MINUTES)).isTrue();

		assertThat(printed()).contains("CUT by the client", "FAILED", "answered 404");
		assertThat(demo.exitValue()).isOne();
	}

	@Test
	void failsIfTheDeathOfAnInstanceIsNotNoticedInTime() {
		Demonstration demonstration = demonstration(Duration.ofSeconds(3), "--mcp.persist.node-timeout=1h");

		assertThatExceptionOfType(TimeoutException.class).isThrownBy(demonstration::call)
			.withMessage("receiving from instance B took longer than 3 s");
		assertThat(printed(this.output)).contains("silent for 1h", "KILLED with -9", "B  GET with Last-Event-ID");
	}

	@Test
	void tellsWhyAnInstanceDoesNotStart() {
		Demonstration demonstration = demonstration(Duration.ofSeconds(3), "--mcp.persist.endpoint=nowhere");

		assertThatIOException().isThrownBy(demonstration::call).withMessageStartingWith("Instance A ended");
		assertThat(printed(this.output)).contains("A | ", "nowhere");
	}

	@Test
	void tellsWhereThePageIsBeforeTheInstancesServe() throws Exception {
		Process demo = startDemo("--serve", "--port=0", "--mcp.persist.endpoint=nowhere");

		assertThat(demo.waitFor(2, TimeUnit.MINUTES)).isTrue();

		assertThat(printed()).contains("Open http", "FAILED: Instance A ended").doesNotContain("# 1. Open a session");
	}

	@Test
	void takesItsChildrenWithItWhenItIsKilled() throws Exception {
		Process demo = startDemo();
		await().atMost(Duration.ofMinutes(2)).until(this::printed, (printed) -> printed.contains("Session "));
		List<ProcessHandle> children = demo.children().toList();
		assertThat(children).as("Redis and two instances").hasSizeGreaterThanOrEqualTo(3);

		demo.destroyForcibly();

		await().until(() -> children.stream().filter(ProcessHandle::isAlive).toList(), List::isEmpty);
	}

	@Test
	void takesARedisThatWasStartedAgainWithIt() throws Exception {
		Process demo = startDemo("--serve", "--port=0");
		await().atMost(Duration.ofMinutes(2))
			.until(this::printed, (printed) -> printed.contains("# 1. Open a session"));
		press("redis/stop");
		press("redis/start");
		List<ProcessHandle> children = demo.children().toList();
		assertThat(children).as("Redis and two instances").hasSizeGreaterThanOrEqualTo(3);

		demo.destroyForcibly();

		await().until(() -> children.stream().filter(ProcessHandle::isAlive).toList(), List::isEmpty);
	}

	private Demonstration demonstration(Duration errorLimit, String... args) {
		return new Demonstration(new DefaultApplicationArguments(args), this.out, errorLimit);
	}

	private Process startDemo(String... args) throws IOException {
		return new ProcessBuilder(JavaCommand.of(List.of(args))).redirectErrorStream(true)
			.redirectOutput(this.directory.resolve("output").toFile())
			.start();
	}

	private String printed() throws IOException {
		return Files.readString(this.directory.resolve("output"));
	}

	private void press(String button) throws Exception {
		String url = printed().replaceFirst("(?s).*?Open (http\\S+) .*", "$1");
		HttpRequest request = HttpRequest.newBuilder(URI.create(url + "control/" + button))
			.POST(HttpRequest.BodyPublishers.noBody())
			.build();
		assertThat(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
			.isEqualTo(204);
	}

	private static String printed(ByteArrayOutputStream output) {
		return output.toString(StandardCharsets.UTF_8);
	}

}
