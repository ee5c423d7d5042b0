package io.github.mcppersist.samples.conformance;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;

import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What ahead of time processing makes of an application on the plain SDK.
 */
@Tag("slow")
class AheadOfTimeTests {

	private static final String METADATA = "/META-INF/native-image/io.github.mcppersist/conformance-server/reachability-metadata.json";

	@Test
	void tellsANativeImageOfTheProtocolsMessages() throws Exception {
		try (InputStream stream = getClass().getResourceAsStream(METADATA)) {
			assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8)).contains(
					"\"" + InitializeRequest.class.getName() + "\"", "\"" + CallToolRequest.class.getName() + "\"");
		}
	}

}
