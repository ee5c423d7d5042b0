package io.github.mcppersist.modern;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class HeaderParameterTests {

	private static final Map<String, ?> REGION = mirrored("string", "Region");

	@Test
	void findsParametersByTheirProperties() {
		Map<String, ?> schema = object(
				Map.of("region", REGION, "where", object(Map.of("default", mirrored("integer", "Limit")))));

		assertThat(HeaderParameter.of(schema)).containsExactlyInAnyOrder(
				new HeaderParameter("Region", List.of("region")),
				new HeaderParameter("Limit", List.of("where", "default")));
	}

	@Test
	void findsNoneWhereThereAreNone() {
		assertThat(HeaderParameter.of(null)).isEmpty();
		assertThat(HeaderParameter.of(object(Map.of("a", Map.of("type", "string", "default", REGION))))).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "with space", "line\nbreak", "colon:", "Zürich" })
	void refusesANameThatIsNoToken(String name) {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> HeaderParameter.of(object(Map.of("a", mirrored("string", name)))))
			.withMessageContaining("token");
	}

	@Test
	void refusesANameThatIsThereTwice() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> HeaderParameter.of(object(Map.of("a", REGION, "b", mirrored("string", "REGION")))))
			.withMessageContaining("twice");
	}

	@ParameterizedTest
	@ValueSource(strings = { "number", "object", "array", "null" })
	void refusesAParameterOfAnotherType(String type) {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> HeaderParameter.of(object(Map.of("a", mirrored(type, "A")))))
			.withMessageContaining("no string, integer or boolean");
	}

	@Test
	void refusesAParameterThatIsNotReachedByPropertiesAlone() {
		assertUnreachable(REGION);
		assertUnreachable(object(Map.of("a", Map.of("type", "array", "items", REGION))));
		assertUnreachable(object(Map.of("a", Map.of("anyOf", List.of(REGION)))));
		assertUnreachable(Map.of("$defs", Map.of("region", REGION)));
		assertUnreachable(Map.of("if", object(Map.of("region", REGION))));
		assertUnreachable(Map.of("allOf", List.of(object(Map.of("region", REGION)))));
	}

	private static void assertUnreachable(Map<String, ?> schema) {
		assertThatIllegalArgumentException().isThrownBy(() -> HeaderParameter.of(schema))
			.withMessageContaining("not reached");
	}

	private static Map<String, ?> mirrored(String type, String header) {
		return Map.of("type", type, "x-mcp-header", header);
	}

	private static Map<String, ?> object(Map<String, ?> properties) {
		return Map.of("type", "object", "properties", properties);
	}

}
