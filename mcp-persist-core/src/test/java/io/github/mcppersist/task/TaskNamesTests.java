package io.github.mcppersist.task;

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

class TaskNamesTests {

	@Test
	void drawsIdsThatNobodyGuesses() {
		Set<String> ids = new HashSet<>();
		for (int i = 0; i < 1000; i++) {
			String id = TaskNames.randomTaskId();
			assertThat(id).matches("[A-Za-z0-9_-]{24}");
			ids.add(id);
		}
		assertThat(ids).hasSize(1000);
	}

	@Test
	void namesATaskByItsIdPrincipalAndServer() {
		String name = TaskNames.of("id", "alice", "server");

		// The same on all nodes, and after an upgrade
		assertThat(name).isEqualTo("jkaWKAVNCYWmmBjvwhxCTA");
		assertThat(TaskNames.of("id", null, "server")).isEqualTo("m6zZn5TPNEyZscrf-Z7_9w");
		assertThat(TaskNames.ofPrincipal("alice")).isEqualTo("4-QMxXiW3NrGcx9gyxdIvQ");
	}

	@Test
	void hasAnotherNameForWhatIsAnothers() {
		Set<String> names = new HashSet<>();
		for (String id : new String[] { "id", "ida", "" }) {
			for (String principal : new String[] { "alice", "lice", "", null }) {
				for (String server : new String[] { "server", "rver", "" }) {
					names.add(TaskNames.of(id, principal, server));
				}
			}
		}
		assertThat(names).hasSize(36).doesNotContain(TaskNames.ofPrincipal("alice"));
	}

	@Test
	void noTaskOfAClientsHasTheNameOfWhatAnEndpointKeepsForItself() {
		Set<String> names = new HashSet<>();
		for (String id : new String[] { "id", "", "server", "idserver" }) {
			for (String principal : new String[] { "id", "server", "", null }) {
				for (String server : new String[] { "server", "id", "" }) {
					names.add(TaskNames.of(id, principal, server));
				}
			}
		}
		assertThat(names).doesNotContain(TaskNames.ofOwn("id", "server"), TaskNames.ofOwn("", "server"),
				TaskNames.ofOwn("id", ""), TaskNames.ofOwn("", ""));
	}

	@Test
	void namesWhateverAClientSends() {
		for (String id : new String[] { "", "a}b", "\u0000", "\ud83d\ude80", "x".repeat(100_000) }) {
			assertThatNoException().isThrownBy(() -> TaskRecord.requireTaskId(TaskNames.of(id, "alice", "server")));
		}
	}

}
