package io.github.mcppersist.task;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.Revision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What the values refuse, and that none prints what is the user's.
 */
class TaskValuesTests {

	private static final String NODE = "0rT5aB9xY2q";

	private static byte[] secret() {
		return "secret".getBytes(StandardCharsets.UTF_8);
	}

	@Test
	void spellsTheStatusAsTheSpecificationDoes() {
		assertThat(TaskStatus.values()).extracting(TaskStatus::toString)
			.containsExactly("working", "input_required", "completed", "failed", "cancelled");
		for (TaskStatus status : TaskStatus.values()) {
			assertThat(TaskStatus.parse(status.toString())).isEqualTo(status);
		}
		assertThatIllegalArgumentException().isThrownBy(() -> TaskStatus.parse("done")).withMessageContaining("'done'");
		assertThat(TaskStatus.values()).filteredOn(TaskStatus::isTerminal)
			.containsExactly(TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED);
	}

	@Test
	void refusesATaskThatIsNone() {
		Duration hour = Duration.ofHours(1);
		assertThatIllegalArgumentException().isThrownBy(() -> NewTask.working("a}b", NODE, null, hour));
		assertThatIllegalArgumentException().isThrownBy(() -> NewTask.working("a", "no node", null, hour))
			.withMessageContaining("'no node'");
		for (Duration never : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(4000))) {
			assertThatIllegalArgumentException().isThrownBy(() -> NewTask.working("a", NODE, null, never))
				.withMessageContaining(never.toString());
			assertThatIllegalArgumentException().isThrownBy(() -> TaskChange.none().withTimeToLive(never))
				.withMessageContaining(never.toString());
		}
	}

	@Test
	void refusesRequestsThatAreNone() {
		for (String key : List.of("", "k".repeat(TaskStore.MAX_KEY_BYTES + 1), "\u20ac".repeat(86), "k\ud83d",
				"\ude80k")) {
			assertThat(TaskChange.isKey(key)).isFalse();
			assertThatIllegalArgumentException()
				.isThrownBy(() -> TaskChange.none().withInputRequests(Map.of(key, secret())))
				.withMessageContaining("'" + key + "'");
		}
		assertThat(TaskChange.isKey("\u20ac".repeat(85))).isTrue();
		assertThatIllegalArgumentException()
			.isThrownBy(() -> TaskChange.none().withInputRequests(Map.of("a", new byte[0])));
		assertThatIllegalArgumentException()
			.isThrownBy(() -> TaskChange.none().withInputRequests(Map.of("a", secret())).withSettled(Set.of("a")));
		assertThatIllegalArgumentException().isThrownBy(() -> TaskChange.none().withRound(0, secret()));
		assertThatIllegalArgumentException().isThrownBy(() -> TaskChange.none().withRound(1, new byte[0]));
	}

	@Test
	void refusesAnEndThatIsNone() {
		assertThatIllegalArgumentException().isThrownBy(() -> new TaskEnd(TaskStatus.WORKING, null, secret()))
			.withMessageContaining("working");
		assertThatIllegalArgumentException().isThrownBy(() -> new TaskEnd(TaskStatus.COMPLETED, null, null));
		assertThatIllegalArgumentException().isThrownBy(() -> TaskEnd.completed(new byte[0]));
		assertThatIllegalArgumentException().isThrownBy(() -> new TaskEnd(TaskStatus.CANCELLED, null, secret()));
	}

	@Test
	void keepsTheOtherPartsOfAChange() {
		TaskChange change = TaskChange.none()
			.withStatusMessage("message")
			.withInputRequests(Map.of("a", secret()))
			.withSettled(List.of("b", "b"))
			.withRound(2, secret())
			.withTimeToLive(Duration.ofHours(1))
			.withTool("tool");

		assertThat(change).isEqualTo(new TaskChange("message", Map.of("a", secret()), Set.of("b"),
				new TaskChange.Round(2, secret()), Duration.ofHours(1), "tool"));
		for (TaskChange other : List.of(change.withStatusMessage("message"), change.withSettled(List.of("b")),
				change.withTimeToLive(Duration.ofHours(1)), change.withInputRequests(Map.of("a", secret())),
				change.withRound(2, secret()))) {
			assertThat(other).isEqualTo(change);
		}
		assertThat(change).isNotEqualTo(change.withTool("another"));
		assertThat(change).isNotEqualTo(change.withInputRequests(Map.of("a", new byte[] { 1 })));
		assertThat(change).isNotEqualTo(change.withRound(2, new byte[] { 1 }));
	}

	@Test
	void copiesItsMaps() {
		Map<String, byte[]> requests = new HashMap<>(Map.of("a", secret()));
		NewTask task = new NewTask("id", NODE, null, null, Duration.ofHours(1), null, requests);

		requests.clear();

		assertThat(task.inputRequests()).containsOnlyKeys("a");
		assertThat(task.status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> task.inputRequests().clear());
	}

	@Test
	void printsNothingOfTheUsers() {
		NewTask task = new NewTask("secret", NODE, "secret", "secret", Duration.ofHours(1), "secret",
				Map.of("secret", secret()));
		TaskRecord record = new TaskRecord("secret", NODE, "secret", TaskStatus.FAILED, "secret", Instant.EPOCH,
				Instant.EPOCH, Duration.ofHours(1), task.inputRequests(), Map.of("secret", secret()),
				Map.of(1, secret()), secret(), Revision.FIRST);
		TaskChange change = TaskChange.none()
			.withInputRequests(Map.of("secret", secret()))
			.withStatusMessage("secret")
			.withTool("secret")
			.withRound(1, secret());
		StoredTask stored = new StoredTask("secret", NODE, "secret", "secret", TaskStatus.FAILED, "secret", 1,
				Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1));

		assertThat(List.of(stored, task, record, change, TaskEnd.failed("secret", secret()))).map(Object::toString)
			.allSatisfy((text) -> assertThat(text).doesNotContain("secret"));
		assertThat(record).hasToString("task, failed, revision 1, 1 requests for input, 1 answers");
	}

	@Test
	void comparesWhatIsInTheArrays() {
		TaskRecord one = record(secret());

		assertThat(one).isEqualTo(record(secret())).hasSameHashCodeAs(record(secret()));
		assertThat(one).isNotEqualTo(record(new byte[] { 1 }));
		assertThat(TaskEnd.completed(secret())).isEqualTo(TaskEnd.completed(secret()))
			.isNotEqualTo(TaskEnd.completed(new byte[] { 1 }));
	}

	private static TaskRecord record(byte[] payload) {
		return new TaskRecord("id", NODE, null, TaskStatus.COMPLETED, null, Instant.EPOCH, Instant.EPOCH,
				Duration.ofHours(1), Map.of("a", payload), Map.of("a", payload), Map.of(1, payload), payload,
				Revision.FIRST);
	}

}
