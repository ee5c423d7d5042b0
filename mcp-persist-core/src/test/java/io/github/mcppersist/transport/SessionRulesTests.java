package io.github.mcppersist.transport;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionRecord;

import static org.assertj.core.api.Assertions.assertThat;

class SessionRulesTests {

	@ParameterizedTest
	@ValueSource(strings = { "resources/subscribe", "resources/unsubscribe" })
	void boundsTheLengthOfAUri(String method) {
		assertThat(check(method, Map.of("uri", "x".repeat(2048)), session(0))).isNull();
		assertThat(check(method, Map.of("uri", "x".repeat(2049)), session(0))).contains("2048");
	}

	@ParameterizedTest
	@ValueSource(strings = { "resources/subscribe", "resources/unsubscribe" })
	void refusesAnEmptyUri(String method) {
		assertThat(check(method, Map.of("uri", ""), session(0))).contains("empty");
	}

	@Test
	void boundsTheSubscriptionsOfASession() {
		Map<String, String> params = Map.of("uri", "file:///new");

		assertThat(check("resources/subscribe", params, session(999))).isNull();
		assertThat(check("resources/subscribe", params, session(1000))).isNotNull();
		assertThat(check("resources/unsubscribe", params, session(1000))).isNull();
	}

	@Test
	void passesOverOtherRequests() {
		assertThat(check("tools/call", Map.of("uri", "x".repeat(2049)), session(1000))).isNull();
	}

	private static @Nullable String check(String method, Object params, SessionRecord session) {
		return SessionRules.check(new JSONRPCRequest(method, 1, params), session);
	}

	private static SessionRecord session(int subscriptions) {
		Set<String> uris = IntStream.range(0, subscriptions)
			.mapToObj((i) -> "file:///" + i)
			.collect(Collectors.toSet());
		return new SessionRecord("session", "{}", "2025-11-25", null, "server", null, uris, null, false,
				Revision.FIRST);
	}

}
