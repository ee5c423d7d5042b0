package io.github.mcppersist.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationMetadataTests {

	private static final Set<String> WITHOUT_DEFAULT = Set.of("mcp.persist.max-connection-age",
			"mcp.persist.max-held-session-bytes", "mcp.persist.allowed-origins", "mcp.persist.allowed-hosts",
			"mcp.persist.encryption.keys", "mcp.persist.modern.request-state.keys", "mcp.persist.tasks.tools");

	private static final Pattern TABLE_ROW = Pattern
		.compile("\\| `((?:mcp\\.persist|management)\\.[^`]+)` \\| ([^|]*) \\| ([^|]*) \\|");

	private final List<JsonNode> properties = properties("mcp.persist.");

	private final List<JsonNode> managementProperties = properties("management.");

	@Test
	void describesEveryPropertyInASentence() {
		assertThat(this.properties).isNotEmpty()
			.allSatisfy((property) -> assertThat(property.path("description").asString("")).isNotBlank()
				.doesNotContain("{@", "\n"));
	}

	@Test
	void matchesTheTableOfManagementPropertiesInTheDocuments() throws IOException {
		assertThat(table(Path.of("..", "docs", "operations.md"))).isEqualTo(defaults(this.managementProperties));
	}

	@Test
	void givesTheDefaultOfEveryPropertyThatHasOne() {
		assertThat(this.properties).isNotEmpty()
			.allSatisfy((property) -> assertThat(property.has("defaultValue")).as(property.get("name").asString())
				.isNotEqualTo(WITHOUT_DEFAULT.contains(property.get("name").asString())));
	}

	@Test
	void matchesTheTableInTheReadme() throws IOException {
		assertThat(table(Path.of("..", "README.md"))).isEqualTo(defaults(this.properties));
	}

	private static Map<String, String> table(Path document) throws IOException {
		Map<String, String> table = new LinkedHashMap<>();
		for (String line : Files.readAllLines(document)) {
			Matcher row = TABLE_ROW.matcher(line);
			if (row.matches()) {
				assertThat(table.put(row.group(1), row.group(2))).as("a second row for " + row.group(1)).isNull();
				assertThat(row.group(3)).as("what is said about " + row.group(1)).isNotBlank();
			}
		}
		return table;
	}

	private static Map<String, String> defaults(List<JsonNode> properties) {
		return properties.stream()
			.collect(Collectors.toMap((property) -> property.get("name").asString(),
					ConfigurationMetadataTests::defaultInTable));
	}

	private static String defaultInTable(JsonNode property) {
		JsonNode value = property.path("defaultValue");
		return value.isMissingNode() ? "none" : '`' + value.asString() + '`';
	}

	private static List<JsonNode> properties(String prefix) {
		String own = McpPersistProperties.class.getProtectionDomain().getCodeSource().getLocation().toString();
		List<JsonNode> properties = new ArrayList<>();
		try {
			for (var resource : McpPersistProperties.class.getClassLoader()
				.resources("META-INF/spring-configuration-metadata.json")
				.filter((url) -> url.toString().startsWith(own))
				.toList()) {
				try (InputStream content = resource.openStream()) {
					for (JsonNode property : new JsonMapper().readTree(content).get("properties")) {
						if (property.get("name").asString().startsWith(prefix)) {
							properties.add(property);
						}
					}
				}
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return properties;
	}

}
