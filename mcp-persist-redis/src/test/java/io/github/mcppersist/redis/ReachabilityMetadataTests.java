package io.github.mcppersist.redis;

import java.io.InputStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.TypeRef;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a native image is told of this module: the scripts.
 */
class ReachabilityMetadataTests {

	private static final String FILE = "META-INF/native-image/io.github.mcppersist/mcp-persist-redis/reachability-metadata.json";

	@Test
	void hasEveryScript() throws Exception {
		Path classes = Path.of(LuaScript.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		List<Path> scripts;
		try (Stream<Path> files = Files.walk(classes)) {
			scripts = files.map(classes::relativize).filter((file) -> file.toString().endsWith(".lua")).toList();
		}

		PathMatcher glob = FileSystems.getDefault().getPathMatcher("glob:" + glob(classes.resolve(FILE)));

		assertThat(scripts).hasSameSizeAs(LuaScript.values()).allMatch(glob::matches);
	}

	private static String glob(Path file) throws Exception {
		try (InputStream stream = Files.newInputStream(file)) {
			Map<String, List<Map<String, String>>> metadata = McpJsonDefaults.getMapper()
				.readValue(stream.readAllBytes(), new TypeRef<>() {
				});
			assertThat(metadata).containsOnlyKeys("resources");
			assertThat(metadata.get("resources")).hasSize(1);
			return metadata.get("resources").get(0).get("glob");
		}
	}

}
