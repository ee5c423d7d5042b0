package io.github.mcppersist.autoconfigure.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.micrometer.common.docs.KeyName;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.ResumeOutcome;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether {@code docs/operations.md} has each tag and each of its values. That it has
 * each meter and no other is in {@link EndpointMetricsTests}.
 */
class OperationsDocumentTests {

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
	void explainsEachKindOfConnection() {
		assertExplains("| `kind`", ConnectionKind.values());
	}

	@Test
	void explainsEachOutcomeOfACall() {
		assertExplains("| `outcome` of a call", MetricsObserver.CallOutcome.values());
	}

	private void assertExplains(String row, Enum<?>[] values) {
		String explained = this.lines.stream().filter((line) -> line.startsWith(row)).findFirst().orElseThrow();
		for (Enum<?> value : values) {
			assertThat(explained).contains("`" + MetricsObserver.tagValue(value) + "`");
		}
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
