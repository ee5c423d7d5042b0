package io.github.mcppersist.samples.failover;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.DefaultApplicationArguments;

import static org.assertj.core.api.Assertions.assertThat;

// It starts a Redis by itself
@Tag("redis")
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServedDemoTests {

	private static ServedDemo demo;

	private final HttpClient http = HttpClient.newHttpClient();

	@BeforeAll
	static void start() throws Exception {
		demo = ServedDemo.start(new DefaultApplicationArguments(), 0, System.out);
	}

	@AfterAll
	static void stop() throws Exception {
		demo.close();
	}

	@Test
	void servesThePageAndNothingBesides() throws Exception {
		HttpResponse<String> page = get("/");

		assertThat(page.body()).contains("<title>mcp-persist");
		assertThat(page.headers().firstValue("Content-Security-Policy"))
			.hasValueSatisfying((policy) -> assertThat(policy).startsWith("default-src 'self'"));
		assertThat(get("/main.js").headers().firstValue("Content-Type"))
			.hasValueSatisfying((type) -> assertThat(type).startsWith("text/javascript"));
		assertThat(get("/application.properties").statusCode()).isEqualTo(404);
		assertThat(get("/../application.properties").statusCode()).isEqualTo(404);
	}

	@Test
	void doesNothingForThePageOfAnother() throws Exception {
		HttpRequest request = request("/control/instances/A/kill").header("Origin", "http://example.org")
			.POST(BodyPublishers.noBody())
			.build();

		assertThat(this.http.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(403);
		assertThat(state()).contains("\"A\":{\"condition\":\"up\"");
	}

	@Test
	void knowsNoOtherButtons() throws Exception {
		assertThat(press("/control/instances/A/format").statusCode()).isEqualTo(404);
		assertThat(get("/control/instances/A/kill").statusCode()).isEqualTo(404);
	}

	@Test
	void killsAnInstanceAndStartsItAgain() throws Exception {
		assertThat(press("/control/instances/B/kill").statusCode()).isEqualTo(204);
		assertThat(state()).contains("\"B\":{\"condition\":\"down\",\"pid\":null}");

		assertThat(press("/control/instances/B/start").statusCode()).isEqualTo(204);

		try (BufferedReader events = events()) {
			String state = "";
			while (!state.contains("\"B\":{\"condition\":\"up\"")) {
				state = events.readLine();
			}
		}
	}

	@Test
	void stopsRedisAndStartsItAgain() throws Exception {
		assertThat(press("/control/redis/stop").statusCode()).isEqualTo(204);
		assertThat(state()).contains("\"redis\":\"down\"");

		assertThat(press("/control/redis/start").statusCode()).isEqualTo(204);

		assertThat(state()).contains("\"redis\":\"up\"");
	}

	@Test
	void saysThatRedisIsStoppedOnlyWhenItIs() throws Exception {
		ProcessHandle redis = redisProcesses().get(0);
		signal(redis, "STOP");
		try (BufferedReader events = events()) {
			CompletableFuture<HttpResponse<String>> pressed = this.http.sendAsync(
					request("/control/redis/stop").POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString());

			assertThat(stateAfter("up", events)).contains("\"redis\":\"stopping\"");

			signal(redis, "CONT");
			assertThat(stateAfter("stopping", events)).contains("\"redis\":\"down\"");
			assertThat(redisProcesses()).isEmpty();
			assertThat(pressed.get().statusCode()).isEqualTo(204);
		}
		finally {
			signal(redis, "CONT");
		}
		assertThat(press("/control/redis/start").statusCode()).isEqualTo(204);
	}

	private static String stateAfter(String condition, BufferedReader events) throws IOException {
		String state = events.readLine();
		while (state.isEmpty() || state.contains("\"redis\":\"" + condition)) {
			state = events.readLine();
		}
		return state;
	}

	private static void signal(ProcessHandle process, String signal) throws Exception {
		new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
	}

	private static List<ProcessHandle> redisProcesses() {
		return ProcessHandle.current()
			.children()
			.filter((child) -> child.info().command().orElse("").contains("redis"))
			.toList();
	}

	private String state() throws Exception {
		try (BufferedReader events = events()) {
			return events.readLine();
		}
	}

	private BufferedReader events() throws Exception {
		return new BufferedReader(new InputStreamReader(
				this.http.send(request("/events").timeout(Duration.ofMinutes(1)).build(), BodyHandlers.ofInputStream())
					.body(),
				StandardCharsets.UTF_8));
	}

	private HttpResponse<String> get(String path) throws Exception {
		return this.http.send(request(path).build(), BodyHandlers.ofString());
	}

	private HttpResponse<String> press(String path) throws Exception {
		return this.http.send(request(path).POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString());
	}

	private static HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create(demo.url() + path.substring(1)));
	}

}
