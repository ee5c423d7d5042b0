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

import static org.assertj.core.api.Assertions.assertThat;

class SessionRulesTests {

	@ParameterizedTest
	@ValueSource(strings = { "resources/subscribe", "resources/unsubscribe" })
	void boundsTheLengthOfAUri(String method) {
		assertThat(check(method, Map.of("uri", "x".repeat(2048)), 0)).isNull();
		assertThat(check(method, Map.of("uri", "x".repeat(2049)), 0)).contains("2048");
	}

	@ParameterizedTest
	@ValueSource(strings = { "resources/subscribe", "resources/unsubscribe" })
	void refusesAnEmptyUri(String method) {
		assertThat(check(method, Map.of("uri", ""), 0)).contains("empty");
	}

	@Test
	void boundsTheSubscriptionsOfASession() {
		Map<String, String> params = Map.of("uri", "file:///new");

		assertThat(check("resources/subscribe", params, 999)).isNull();
		assertThat(check("resources/subscribe", params, 1000)).isNotNull();
		assertThat(check("resources/unsubscribe", params, 1000)).isNull();
		assertThat(check("resources/subscribe", Map.of("uri", "file:///0"), 1000)).isNull();
	}

	@Test
	void boundsTheLengthOfAllUrisOfASession() {
		Set<String> many = IntStream.range(0, 32)
			.mapToObj((i) -> (100 + i) + "x".repeat(2045))
			.collect(Collectors.toSet());
		Set<String> fewer = many.stream().skip(1).collect(Collectors.toSet());
		Map<String, String> params = Map.of("uri", "file:///new");

		assertThat(SessionRules.check(new JSONRPCRequest("resources/subscribe", 1, params), () -> fewer)).isNull();
		assertThat(SessionRules.check(new JSONRPCRequest("resources/subscribe", 1, params), () -> many))
			.contains("65536 characters together");
	}

	@Test
	void passesOverOtherRequests() {
		assertThat(check("tools/call", Map.of("uri", "x".repeat(2049)), 1000)).isNull();
	}

	private static @Nullable String check(String method, Object params, int subscriptions) {
		return SessionRules.check(new JSONRPCRequest(method, 1, params),
				() -> IntStream.range(0, subscriptions).mapToObj((i) -> "file:///" + i).collect(Collectors.toSet()));
	}

}
