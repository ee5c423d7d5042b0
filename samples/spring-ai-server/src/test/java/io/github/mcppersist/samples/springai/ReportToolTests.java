package io.github.mcppersist.samples.springai;

import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.samples.springai.Instance.Mode;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisExtension;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a client gets of a tool that uses its task, with two instances on one Redis.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NeedsRedis
class ReportToolTests {

	private static final Pattern TASK_ID = Pattern.compile("\"taskId\":\"([^\"]+)\"");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private Instance first;

	private Instance second;

	@BeforeAll
	void start() {
		this.first = instance();
		this.second = instance();
	}

	private static Instance instance() {
		return Instance.start(SpringAiServerApplication::main, Mode.AS_WRITTEN,
				"--mcp.persist.tasks.tools.report=supported", "--spring.data.redis.url=" + RedisExtension.uri());
	}

	@AfterAll
	void stop() {
		this.first.close();
		this.second.close();
	}

	@BeforeEach
	void listenToTheLog() {
		this.log.list.clear();
		this.log.start();
		logger().addAppender(this.log);
	}

	@AfterEach
	void leaveTheLog() {
		logger().detachAppender(this.log);
	}

	@Test
	void asksForTheYearAndWritesTheReport() throws Exception {
		String task = report(1);
		awaitState(task, "\"status\":\"input_required\"", "Which year?");
		answer(task);

		awaitState(task, "\"status\":\"completed\"", "The report of 2025", "\"ttlMs\":86400000");
		assertThat(this.log.list).isEmpty();
	}

	@Test
	void tellsHowItGoesOnAndSeesThatItIsCancelled() throws Exception {
		String task = report(1000);
		awaitState(task, "\"status\":\"input_required\"");
		answer(task);
		awaitState(task, "\"status\":\"working\"", " of 1000\"");
		cancel(task);

		awaitCancelled();
	}

	@Test
	void seesThatItIsCancelledWhileItAsks() throws Exception {
		String task = report(1);
		awaitState(task, "\"status\":\"input_required\"");
		cancel(task);

		awaitCancelled();
	}

	private String report(int chapters) throws IOException {
		String created = send(this.first, "tools/call", "report",
				"\"name\":\"report\",\"arguments\":{\"chapters\":" + chapters + "}");
		Matcher taskId = TASK_ID.matcher(created);
		assertThat(taskId.find()).as(created).isTrue();
		return taskId.group(1);
	}

	private void awaitState(String task, String... texts) {
		await(() -> assertThat(of("tasks/get", task, "")).contains(texts));
	}

	private void answer(String task) throws IOException {
		assertThat(of("tasks/update", task,
				",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"year\":2025}}}"))
			.contains("\"result\"");
	}

	private void cancel(String task) throws IOException {
		assertThat(of("tasks/cancel", task, "")).contains("\"result\"");
		assertThat(of("tasks/get", task, "")).contains("\"status\":\"cancelled\"");
	}

	private void awaitCancelled() {
		await(() -> assertThat(this.log.list).extracting(ILoggingEvent::getMessage)
			.containsExactly("A report was cancelled"));
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(200)).untilAsserted(assertion);
	}

	private String of(String method, String task, String params) throws IOException {
		return send(this.second, method, task, "\"taskId\":\"" + task + "\"" + params);
	}

	private static String send(Instance instance, String method, String name, String params) throws IOException {
		try (Exchange exchange = new ModernPost(instance.client(), method, params).header("Mcp-Name", name)
			.field("clientCapabilities", "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}")
			.send()) {
			return exchange.body();
		}
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(ReportTool.class);
	}

}
