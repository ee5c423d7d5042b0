package io.github.mcppersist.modern;

import java.util.Locale;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class MissingCapabilityTests {

	private static final ClientCapabilities NONE = ClientCapabilities.builder().build();

	private static final String ELICITATION = "Client must be configured with elicitation capabilities";

	@ParameterizedTest
	@ValueSource(strings = { "elicitation", "sampling" })
	void saysWhatIsMissing(String capability) {
		assertThat(MissingCapability.in("Client must be configured with " + capability + " capabilities", NONE))
			.isEqualTo(Map.of(capability, Map.of()));
	}

	@ParameterizedTest
	@ValueSource(strings = { "Elicitation", "Sampling", "Roots" })
	void saysWhatIsMissingInTheWordsOfSpringAi(String capability) {
		assertThat(MissingCapability.in(
				"Error invoking method: m\n" + capability + " not supported by the client: Implementation[name=c]",
				NONE))
			.isEqualTo(Map.of(capability.toLowerCase(Locale.ROOT), Map.of()));
	}

	@Test
	void saysWhichKindOfElicitationIsMissing() {
		assertThat(MissingCapability.in("Client must be configured with URL elicitation capabilities", NONE))
			.isEqualTo(Map.of("elicitation", Map.of("url", Map.of())));
		assertThat(MissingCapability.in("Client must be configured with form elicitation capabilities", NONE))
			.isEqualTo(Map.of("elicitation", Map.of("form", Map.of())));
	}

	@Test
	void findsItInAResultThatHasFailed() {
		assertThat(MissingCapability
			.inResult(CallToolResult.builder().addTextContent("Error: " + ELICITATION).isError(true).build(), NONE))
			.isEqualTo(Map.of("elicitation", Map.of()));
	}

	@Test
	void believesNoResultThatHasNotFailed() {
		assertThat(MissingCapability.inResult(CallToolResult.builder().addTextContent(ELICITATION).build(), NONE))
			.isNull();
	}

	@Test
	void believesNothingAboutWhatIsDeclared() {
		ClientCapabilities declared = ClientCapabilities.builder().elicitation().build();
		assertThat(MissingCapability.in(ELICITATION, declared)).isNull();
		assertThat(MissingCapability.in("another failure", NONE)).isNull();
		assertThat(MissingCapability.in(null, NONE)).isNull();
	}

}
