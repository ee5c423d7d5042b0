package io.github.mcppersist.transport;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How often an endpoint does what it does by itself.
 */
class UpkeepTests {

	private static final Duration MOMENT = Duration.ofMillis(1);

	private final List<String> calls = new ArrayList<>();

	private final ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> null, this::called);

	@Test
	void renewsTheStreamsThatRunThreeTimesInTheirTimeToLive() {
		this.endpoint.call("hang");

		this.endpoint.threads().pass(new InMemoryEventStore().timeToLive());

		assertThat(count("renewStreams")).isEqualTo(3);
	}

	@Test
	void renewsASessionThatIsUsedAsOftenAsItsStoreSays() {
		this.endpoint.call("hang");

		this.endpoint.threads().pass(new InMemorySessionStore().renewalInterval().minus(MOMENT));
		assertThat(count("renewSessions")).isZero();
		this.endpoint.threads().pass(MOMENT);

		assertThat(count("renewSessions")).isOne();
	}

	@Test
	void asksTheStoreItselfHowOftenThatIs() {
		Duration interval = Duration.ofMinutes(7);
		SessionStore store = ManualEndpoint.behind((method) -> {
			called(method);
			return method.getName().equals("renewalInterval") ? interval : null;
		}, SessionStore.class, new InMemorySessionStore());
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> null, (method) -> null,
				(builder) -> builder.sessionStore(store));
		endpoint.call("hang");

		endpoint.threads().pass(interval.minus(MOMENT));
		assertThat(count("renewSessions")).isZero();
		endpoint.threads().pass(MOMENT);

		assertThat(count("renewSessions")).isOne();
	}

	@Test
	void notesWithinASecondHowFarAClientIs() {
		this.endpoint.listen();
		this.endpoint.send();
		this.calls.clear();

		this.endpoint.threads().pass(Duration.ofSeconds(1));

		assertThat(count("moveStandaloneCursor")).isOne();
	}

	@Test
	void letsASessionGoThatIsNotUsed() {
		Duration timeout = StreamableHttpOptions.builder().build().sessionCacheTimeout();
		this.endpoint.threads().pass(timeout.minus(MOMENT));
		assertThat(this.endpoint.session()).isNotNull();

		this.endpoint.threads().pass(Duration.ofSeconds(11));

		assertThat(this.endpoint.session()).isNull();
	}

	private @Nullable Object called(Method method) {
		this.calls.add(method.getName());
		return null;
	}

	private int count(String call) {
		return Collections.frequency(this.calls, call);
	}

}
