package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RequestStateKeysTests {

	private static final McpJsonMapper JSON = McpJsonDefaults.getMapper();

	private static final RequestState STATE = new RequestState("aZ3_-call", 7);

	private static final byte[] BOUND = "bound".getBytes(StandardCharsets.UTF_8);

	private final byte[] first = RequestStateKeys.randomKey();

	private final byte[] second = RequestStateKeys.randomKey();

	private final RequestStateKeys keys = new RequestStateKeys(List.of(this.first, this.second));

	@Test
	void opensWhatItHasSealed() {
		String sealed = this.keys.seal(STATE, BOUND);

		assertThat(sealed).matches("[A-Za-z0-9_-]{50,200}");
		assertThat(this.keys.open(sealed, BOUND)).isEqualTo(STATE);
		assertThat(this.keys.seal(STATE, BOUND)).isNotEqualTo(sealed);
	}

	@Test
	void sealsWithTheFirstKeyAndOpensWithAll() {
		String old = new RequestStateKeys(List.of(this.second)).seal(STATE, BOUND);

		assertThat(this.keys.open(old, BOUND)).isEqualTo(STATE);
		String sealed = this.keys.seal(STATE, BOUND);
		assertThat(new RequestStateKeys(List.of(this.first)).open(sealed, BOUND)).isEqualTo(STATE);
		assertThat(new RequestStateKeys(List.of(this.second)).open(sealed, BOUND)).isNull();
	}

	@Test
	void opensNothingOfARetiredKey() {
		String sealed = this.keys.seal(STATE, BOUND);
		RequestStateKeys others = new RequestStateKeys(List.of(RequestStateKeys.randomKey()));

		assertThat(others.open(sealed, BOUND)).isNull();
		assertThat(others.isOfAnotherKey(sealed)).isTrue();
		assertThat(this.keys.isOfAnotherKey(sealed)).isFalse();
		assertThat(this.keys.isOfAnotherKey("x")).isFalse();
	}

	@Test
	void opensNothingForAnotherRequest() {
		assertThat(this.keys.open(this.keys.seal(STATE, BOUND), "other".getBytes(StandardCharsets.UTF_8))).isNull();
	}

	@Test
	void opensNothingOfWhichAnyBitWasChanged() {
		byte[] sealed = Base64.getUrlDecoder().decode(this.keys.seal(STATE, BOUND));
		for (int i = 0; i < sealed.length * Byte.SIZE; i++) {
			byte[] changed = sealed.clone();
			changed[i / Byte.SIZE] ^= (byte) (1 << (i % Byte.SIZE));
			assertThat(this.keys.open(Base64.getUrlEncoder().withoutPadding().encodeToString(changed), BOUND)).isNull();
		}
		for (int length = 0; length < sealed.length; length++) {
			assertThat(this.keys
				.open(Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(sealed, length)), BOUND))
				.isNull();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "=", "AAAA", "Zürich", "🚀", "{}" })
	void opensNothingElse(String text) {
		assertThat(this.keys.open(text, BOUND)).isNull();
		assertThat(this.keys.open("A".repeat(10_000_000), BOUND)).isNull();
	}

	@Test
	void refusesKeysThatCanNotWork() {
		assertThatIllegalArgumentException().isThrownBy(() -> new RequestStateKeys(List.of()));
		assertThatIllegalArgumentException().isThrownBy(() -> new RequestStateKeys(List.of(new byte[16])))
			.withMessageContaining("32 bytes");
		assertThatIllegalArgumentException().isThrownBy(() -> new RequestStateKeys(List.of(this.first, this.first)))
			.withMessageContaining("twice");
	}

	@Test
	void readsOnlyStates() {
		assertThat(RequestState.parse(STATE.toString())).isEqualTo(STATE);
		for (String text : List.of("", "a b c", "call node0000001 0", "call node0000001 x", "call node 1",
				"call node0000001 1 2", " node0000001 1")) {
			assertThat(RequestState.parse(text)).as(text).isNull();
		}
	}

	// What a state is bound to

	@Test
	void bindsToTheRequestWhateverTheOrderOfItsMembers() throws Exception {
		byte[] bound = bound("{\"name\":\"a\",\"arguments\":{\"x\":1,\"y\":{\"p\":[1,{\"b\":1,\"a\":2}],\"q\":null}}}",
				"alice");

		assertThat(bound("{\"arguments\":{\"y\":{\"q\":null,\"p\":[1,{\"a\":2,\"b\":1}]},\"x\":1},\"name\":\"a\","
				+ "\"_meta\":{\"progressToken\":1},\"requestState\":\"s\",\"inputResponses\":{}}", "alice"))
			.isEqualTo(bound);
	}

	@Test
	void bindsToAllThatMatters() throws Exception {
		String params = "{\"name\":\"a\",\"arguments\":{\"x\":1}}";
		byte[] bound = bound(params, "alice");

		assertThat(bound(params, "alic")).isNotEqualTo(bound);
		assertThat(bound(params, null)).isNotEqualTo(bound);
		assertThat(RequestBinding.of(request("tools/call", params), "alice", "other", JSON)).isNotEqualTo(bound);
		assertThat(RequestBinding.of(request("prompts/get", params), "alice", "server", JSON)).isNotEqualTo(bound);
		for (String other : List.of("{\"name\":\"b\",\"arguments\":{\"x\":1}}",
				"{\"name\":\"a\",\"arguments\":{\"x\":2}}", "{\"name\":\"a\",\"arguments\":{\"x\":\"1\"}}",
				"{\"name\":\"a\",\"arguments\":{\"x\":1,\"y\":null}}",
				"{\"name\":\"a\",\"arguments\":{\"x\":1,\"_meta\":{}}}", "{\"name\":\"a\"}", "{}")) {
			assertThat(bound(other, "alice")).as(other).isNotEqualTo(bound);
		}
	}

	private static byte[] bound(String params, @Nullable String principal) throws Exception {
		return RequestBinding.of(request("tools/call", params), principal, "server", JSON);
	}

	private static JSONRPCRequest request(String method, String params) throws Exception {
		return new JSONRPCRequest(method, 1, JSON.readValue(params, Map.class));
	}

}
