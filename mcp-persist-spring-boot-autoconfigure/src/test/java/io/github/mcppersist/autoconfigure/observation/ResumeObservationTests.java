package io.github.mcppersist.autoconfigure.observation;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.common.KeyValue;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationView;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a trace shows of a resume, in a whole application.
 */
class ResumeObservationTests {

	private ObservedServer server;

	private List<Observation.Context> ended;

	@BeforeEach
	void start() {
		start("servlet");
	}

	private void start(String type) {
		this.server = ObservedServer.start(List.of("mcp.persist.store=memory", "mcp.persist.max-events-per-stream=64",
				"spring.main.web-application-type=" + type), Recording.class);
		this.ended = this.server.bean(RecordingHandler.class).ended;
	}

	@AfterEach
	void stop() {
		this.server.close();
	}

	@Test
	void aResumeIsPartOfItsRequestAndEndsWhenTheClientHasAllThatItMissed() throws Exception {
		RawMcpClient client = this.server.client().initialize();
		try (Exchange call = client.call(1, "gated", "{\"before\":3,\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.cut();
			this.server.tools().awaitReached("g");

			try (Exchange resumed = client.get(cursor)) {
				resumed.next();

				Observation.Context observation = awaitResume();
				assertThat(observation.getLowCardinalityKeyValues()).contains(KeyValue.of("outcome", "live"));
				assertThat(observation.getHighCardinalityKeyValues())
					.containsExactly(KeyValue.of("mcp.persist.events.replayed", "3"));
				assertThat(observation.getContextualName()).isEqualTo("mcp resume");
				assertThat(observation.getError()).isNull();
				ObservationView parent = observation.getParentObservation();
				assertThat(parent).isNotNull();
				assertThat(parent.getContextView().getName()).isEqualTo("http.server.requests");
				this.server.tools().open("g");
				resumed.rest();
			}
		}
	}

	@Test
	void aResumeIsPartOfItsRequestInAReactiveApplication() throws Exception {
		this.server.close();
		start("reactive");
		RawMcpClient client = this.server.client().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			all = call.rest();
		}

		client.get(all.get(0).id()).rest();

		Observation.Context observation = awaitResume();
		assertThat(observation.getLowCardinalityKeyValues()).contains(KeyValue.of("outcome", "complete"));
		ObservationView parent = observation.getParentObservation();
		assertThat(parent).isNotNull();
		assertThat(parent.getContextView().getName()).isEqualTo("http.server.requests");
	}

	@Test
	void recordsWhyAResumeFailed() throws Exception {
		RawMcpClient client = this.server.client().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call(1, "count", "{\"n\":300}")) {
			all = call.rest();
		}

		client.get(all.get(0).id()).rest();

		Observation.Context observation = awaitResume();
		assertThat(observation.getLowCardinalityKeyValues()).contains(KeyValue.of("outcome", "gap"));
		assertThat(observation.getError()).isInstanceOf(EventsTrimmedException.class);
	}

	@Test
	void isAlsoATimer() throws Exception {
		RawMcpClient client = this.server.client().initialize();

		client.get("malformed!").close();

		awaitResume();
		assertThat(this.server.bean(MeterRegistry.class)
			.get("mcp.persist.resume")
			.tags("outcome", "unknown-event", "error", "none")
			.timer()
			.count()).isEqualTo(1);
	}

	@Test
	void theDocumentsNameTheObservationItsKeysAndItsMeters() throws Exception {
		RawMcpClient client = this.server.client().initialize();
		client.get("malformed!").close();
		Observation.Context observation = awaitResume();

		String row = Files.readAllLines(Path.of("..", "docs", "operations.md"))
			.stream()
			.filter((line) -> line.startsWith("| `mcp.persist.resume` |"))
			.findFirst()
			.orElseThrow();

		assertThat(observation.getAllKeyValues()).isNotEmpty()
			.allSatisfy((keyValue) -> assertThat(row).contains("`" + keyValue.getKey() + "`"));
		assertThat(this.server.bean(MeterRegistry.class).getMeters())
			.filteredOn((meter) -> meter.getId().getName().matches("mcp\\.persist\\.resume(\\..*)?"))
			.isNotEmpty()
			.allSatisfy((meter) -> assertThat(row).contains("`" + meter.getId().getName() + "`"));
	}

	@Test
	void nothingThatIsObservedNamesTheSession() throws Exception {
		RawMcpClient client = this.server.client().initialize();

		client.get("malformed!").close();

		assertThat(awaitResume().getAllKeyValues()).isNotEmpty()
			.noneSatisfy((keyValue) -> assertThat(keyValue.getValue()).contains(client.sessionId()));
	}

	private Observation.Context awaitResume() {
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.ended).extracting(Observation.Context::getName)
				.containsOnlyOnce("mcp.persist.resume"));
		return this.ended.stream()
			.filter((context) -> context.getName().equals("mcp.persist.resume"))
			.findFirst()
			.orElseThrow();
	}

	@Configuration(proxyBeanMethods = false)
	static class Recording {

		@Bean
		RecordingHandler recordingHandler() {
			return new RecordingHandler();
		}

	}

	/**
	 * Stands for a tracer.
	 */
	static class RecordingHandler implements ObservationHandler<Observation.Context> {

		private final List<Observation.Context> ended = new CopyOnWriteArrayList<>();

		@Override
		public void onStop(Observation.Context context) {
			this.ended.add(context);
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return true;
		}

	}

}
