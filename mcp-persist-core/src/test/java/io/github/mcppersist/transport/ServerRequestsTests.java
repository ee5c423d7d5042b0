package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.transport.ServerRequests.Pending;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ServerRequestsTests {

	private static final String NODE = "0rT5abcdefg";

	private final ServerRequests requests = new ServerRequests(NODE, System::nanoTime);

	@Test
	void givesEachRequestAnIdOfItsOwnThatNamesTheNode() {
		Set<String> ids = new HashSet<>();
		for (int i = 0; i < 1000; i++) {
			ids.add(this.requests.add("session", "session-" + i % 2, null));
		}

		assertThat(ids).hasSize(1000).allSatisfy((id) -> assertThat(ServerRequests.nodeOf(id)).isEqualTo(NODE));
	}

	@Test
	void givesARequestBackOnceAndInItsSessionOnly() {
		String id = this.requests.add("session", "session-0", null);

		assertThat(this.requests.take("other", id)).isNull();
		assertThat(this.requests.isAnyPending("session")).isTrue();
		assertThat(this.requests.take("session", id)).extracting(Pending::sdkId).isEqualTo("session-0");
		assertThat(this.requests.take("session", id)).isNull();
		assertThat(this.requests.isAnyPending("session")).isFalse();
	}

	@Test
	void namesWhatIsPendingBySession() {
		String first = this.requests.add("a", "a-0", null);
		String second = this.requests.add("a", "a-1", null);
		String other = this.requests.add("b", "b-0", null);

		assertThat(this.requests.pending().get("a")).containsExactlyInAnyOrder(first, second);
		assertThat(this.requests.pending().get("b")).isEqualTo(List.of(other));
	}

	@Test
	void forgetsWhatTheSdkHasGivenUpOn() {
		this.requests.setTimeout(Duration.ofSeconds(-10));
		this.requests.add("session", "session-0", null);

		await().untilAsserted(() -> {
			this.requests.pending();
			assertThat(this.requests.isAnyPending("session")).isFalse();
		});
	}

	@Test
	void knowsNoNodeOfAnIdThatItDidNotMake() {
		for (Object id : new Object[] { 7, "", "session-0", NODE, NODE + ".short", NODE + "-0123456789abcdef",
				"0}T5abcdefg.0123456789abcdef" }) {
			assertThat(ServerRequests.nodeOf(id)).isNull();
		}
	}

}
