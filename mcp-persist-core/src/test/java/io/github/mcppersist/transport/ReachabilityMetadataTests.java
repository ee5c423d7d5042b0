package io.github.mcppersist.transport;

import java.io.InputStream;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.DefaultMcpStreamableServerSessionFactory;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a native image is told of this module: the fields that {@link SdkSessions} reads.
 */
class ReachabilityMetadataTests {

	private static final String FILE = "/META-INF/native-image/io.github.mcppersist/mcp-persist-core/reachability-metadata.json";

	@Test
	void hasTheFieldsOfTheSdksSessionFactory() throws Exception {
		Map<String, List<Map<String, Object>>> metadata;
		try (InputStream stream = getClass().getResourceAsStream(FILE)) {
			metadata = McpJsonDefaults.getMapper().readValue(stream.readAllBytes(), new TypeRef<>() {
			});
		}

		assertThat(metadata).containsOnlyKeys("reflection");
		assertThat(metadata.get("reflection")).containsExactly(
				Map.of("type", DefaultMcpStreamableServerSessionFactory.class.getName(), "allDeclaredFields", true));
	}

}
