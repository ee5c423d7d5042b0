package io.github.mcppersist.autoconfigure.metrics;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.micrometer.common.docs.KeyName;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.autoconfigure.observation.TagValue;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.NoTask;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.observe.TaskOutcome;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.TaskStore;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether {@code docs/operations.md} has each tag and each of its values, and each line
 * that is logged at WARN or ERROR. That it has each meter and no other is in
 * {@link EndpointMetricsTests}.
 */
class OperationsDocumentTests {

	private static final Pattern LOGGED = Pattern.compile("logger\\s*\\.(?:(?:warn|error)\\(|at(?:Warn|Error)\\(\\)"
			+ "(?:\\s*\\.addKeyValue\\([^;]*?\\))*\\s*\\.log\\()\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");

	private static final Pattern NOT_LITERAL = Pattern
		.compile("logger\\s*\\.(?:(?:warn|error)\\(|at(?:Warn|Error)\\()");

	/**
	 * The first words of a line that are the same each time.
	 */
	private static final Pattern WORDS = Pattern.compile("[^{}.:;()]{10,}");

	private final List<String> lines = lines();

	@Test
	void hasARowOfValuesForEachTag() {
		for (EndpointMeter meter : EndpointMeter.values()) {
			for (KeyName tag : meter.getKeyNames()) {
				assertThat(this.lines).anySatisfy((line) -> assertThat(line).startsWith("| `" + tag.asString() + "`"));
			}
		}
	}

	@Test
	void explainsEachOutcomeOfAResume() {
		assertExplains("| `outcome` of a resume", ResumeOutcome.values());
	}

	@Test
	void explainsEachOutcomeOfAParkedCall() {
		assertExplains("| `outcome` of a parked call", ParkedCallOutcome.values());
	}

	@Test
	void explainsEachOutcomeOfATask() {
		assertExplains("| `outcome` of a task", TaskOutcome.values());
	}

	@Test
	void explainsEachReasonForWhichACallBecameNoTask() {
		assertExplains("| `reason` of a call", NoTask.values());
	}

	@Test
	void explainsEachReasonForWhichAStateIsRejected() {
		assertExplains("| `reason` of a state", RequestStateRejection.values());
	}

	@Test
	void explainsEachEra() {
		assertExplains("| `era`", Era.values());
	}

	@Test
	void explainsEachKindOfConnection() {
		assertExplains("| `kind` of a connection", ConnectionKind.values());
	}

	@Test
	void explainsEachKindOfPayload() {
		assertExplains("| `kind` of a payload", PayloadPlace.Kind.values());
	}

	@Test
	void explainsEachAccess() {
		assertExplains("| `access`", EndpointGauges.Access.values());
	}

	@Test
	void namesEachStore() {
		assertThat(row("| `store`")).contains(Arrays.stream(StoreOperation.values())
			.map((operation) -> "`" + operation.store() + "`")
			.toArray(String[]::new));
	}

	@Test
	void saysOfWhichTypeEachOperationIsAMethod() {
		String row = row("| `operation`");
		Map<String, Class<?>> types = Map.of("events", EventStore.class, "sessions", SessionStore.class, "tasks",
				TaskStore.class);
		for (StoreOperation operation : StoreOperation.values()) {
			Class<?> type = types.get(operation.store());
			assertThat(row).contains("`" + type.getSimpleName() + "`");
			assertThat(type.getMethods()).extracting(Method::getName).contains(operation.method());
		}
	}

	@Test
	void explainsEachOutcomeOfACall() {
		assertExplains("| `outcome` of a call", MetricsObserver.CallOutcome.values());
	}

	@Test
	void explainsEachLineAtWarnAndError() throws IOException {
		List<String> rows = this.lines.stream().filter((line) -> line.matches("\\| (WARN|ERROR) \\|.*")).toList();
		List<String> logged = new ArrayList<>();
		for (String source : sources()) {
			List<String> found = LOGGED.matcher(source).results().map((line) -> line.group(1)).toList();
			assertThat(NOT_LITERAL.matcher(source).results()).as(source).hasSameSizeAs(found);
			logged.addAll(found);
		}

		assertThat(logged).hasSizeGreaterThan(30).allSatisfy((text) -> {
			Matcher words = WORDS.matcher(text);
			assertThat(words.find()).isTrue();
			assertThat(rows).as(text)
				.anyMatch(
						(row) -> row.toLowerCase(Locale.ROOT).contains(words.group().strip().toLowerCase(Locale.ROOT)));
		});
	}

	private static List<String> sources() throws IOException {
		List<String> sources = new ArrayList<>();
		for (String module : List.of("mcp-persist-core", "mcp-persist-redis",
				"mcp-persist-spring-boot-autoconfigure")) {
			try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
				for (Path file : files.filter((path) -> path.toString().endsWith(".java")).toList()) {
					sources.add(Files.readString(file));
				}
			}
		}
		return sources;
	}

	private void assertExplains(String row, Enum<?>[] values) {
		String explained = row(row);
		for (Enum<?> value : values) {
			assertThat(explained).contains("`" + TagValue.of(value) + "`");
		}
	}

	private String row(String start) {
		return this.lines.stream().filter((line) -> line.startsWith(start)).findFirst().orElseThrow();
	}

	private static List<String> lines() {
		try {
			return Files.readAllLines(Path.of("..", "docs", "operations.md"));
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
