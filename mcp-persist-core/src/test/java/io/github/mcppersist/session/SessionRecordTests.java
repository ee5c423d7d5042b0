package io.github.mcppersist.session;

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

class SessionRecordTests {

	@Test
	void beginsWithNothingButWhatInitializeSaid() {
		SessionRecord session = SessionRecord.initialized("s-1", "{\"a\":1}", "2025-11-25", "alice", "server");

		assertThat(session).isEqualTo(new SessionRecord("s-1", "{\"a\":1}", "2025-11-25", "alice", "server", null,
				Set.of(), null, false, Revision.FIRST));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "a b", "a}b", "{a", "a:b", "a\r\nWARN", "\u00e9", "\u0661" })
	void refusesWhatIsNoSessionsName(String sessionName) {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> SessionRecord.initialized(sessionName, "{}", "2025-11-25", null, "server"))
			.satisfies((ex) -> assertThat(ex.getMessage()).startsWith("Not the name of a session").matches("[ -~]+"));
	}

	@Test
	void boundsTheLengthOfASessionsName() {
		assertThat(SessionRecord.initialized("a".repeat(32), "{}", "2025-11-25", null, "server").sessionName())
			.hasSize(32);

		assertThatIllegalArgumentException()
			.isThrownBy(() -> SessionRecord.initialized("a".repeat(33), "{}", "2025-11-25", null, "server"));
	}

	@Test
	@SuppressWarnings("NullAway") // A caller without null checks makes this mistake
	void refusesASessionThatLacksWhatInitializeSaid() {
		assertThatNullPointerException()
			.isThrownBy(() -> SessionRecord.initialized("s", null, "2025-11-25", null, "server"))
			.withMessage("initializeRequest must not be null");
		assertThatNullPointerException().isThrownBy(() -> SessionRecord.initialized("s", "{}", null, null, "server"))
			.withMessage("protocolVersion must not be null");
	}

	@Test
	void doesNotChangeWithTheSetThatItWasMadeOf() {
		Set<String> subscriptions = new HashSet<>(Set.of("file:///a"));
		SessionRecord session = new SessionRecord("s", "{}", "2025-11-25", null, "server", null, subscriptions, null,
				false, Revision.FIRST);

		subscriptions.add("file:///b");

		assertThat(session.subscriptions()).containsExactly("file:///a").isUnmodifiable();
	}

	@Test
	void printsNothingOfTheClients() {
		SessionRecord session = new SessionRecord("secret-id", "{\"secret\":\"request\"}", "2025-11-25", "secret-name",
				"server", "debug", Set.of("file:///secret"), EventId.next("secretstream", 3), true, new Revision(42));

		assertThat(session).hasToString("session of protocol version 2025-11-25, revision 42");
	}

}
