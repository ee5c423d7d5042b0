package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.io.ByteArrayResource;

import io.github.mcppersist.autoconfigure.McpPersistProperties;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the snippets of the documents are what is compiled, and that what they point
 * at is there. A snippet is quoted from the file that the comment above it names:
 * {@code <!-- from path/to/File.java -->}.
 */
class ReadmeTests {

	private static final Path ROOT = Path.of("..", "..");

	private static final Pattern SNIPPET = Pattern.compile("(?:<!-- from (\\S+) -->\\n+)?```(\\w+)\\n(.*?)\\n```",
			Pattern.DOTALL);

	private static final Pattern OWN_VERSION = Pattern
		.compile("<artifactId>mcp-persist-[^<]*</artifactId>\\s*<version>([^<]*)</version>");

	private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");

	private static final Pattern TEST_CLASS = Pattern.compile("`(\\w+Tests)\\b");

	@Test
	void quotesJavaFromCompiledSources() throws IOException {
		List<Snippet> snippets = snippets("java");

		assertThat(snippets).isNotEmpty().allSatisfy((snippet) -> {
			assertThat(snippet.source()).as("the source of " + snippet.text()).isNotNull();
			String source = Files.readString(ROOT.resolve(snippet.source()));
			assertThat(withoutIndentation(source)).contains(withoutIndentation(snippet.text()));
		});
	}

	@Test
	void quotesDependenciesFromASampleInTheVersionThatIsBuilt() throws IOException {
		List<Snippet> snippets = snippets("xml");
		String parent = Files.readString(ROOT.resolve("pom.xml"));

		assertThat(snippets).isNotEmpty().allSatisfy((snippet) -> {
			assertThat(snippet.source()).as("the source of " + snippet.text()).isNotNull();
			assertThat(withoutIndentation(Files.readString(ROOT.resolve(snippet.source()))))
				.contains(withoutIndentation(snippet.text()));
			assertThat(matches(OWN_VERSION, snippet.text())).allSatisfy((version) -> assertThat(parent)
				.contains("<artifactId>mcp-persist-parent</artifactId>\n\t<version>" + version + "</version>"));
		});
	}

	@Test
	void setsOnlyPropertiesThatExist() throws IOException {
		List<Snippet> snippets = snippets("yaml");

		assertThat(snippets).isNotEmpty().allSatisfy((snippet) -> {
			if (snippet.source() != null) {
				assertThat(Files.readString(ROOT.resolve(snippet.source()))).contains(snippet.text());
			}
			ByteArrayResource yaml = new ByteArrayResource(snippet.text().getBytes(StandardCharsets.UTF_8));
			Binder binder = new Binder(
					ConfigurationPropertySources.from(new YamlPropertySourceLoader().load("snippet", yaml)));
			assertThat(binder
				.bind("mcp.persist", Bindable.of(McpPersistProperties.class),
						new NoUnboundElementsBindHandler(BindHandler.DEFAULT))
				.isBound()).isTrue();
		});
	}

	@Test
	void quotesTheLinesToTryFromTheSampleWhoseLinesAreRun() throws IOException {
		assertThat(snippets("bash")).isNotEmpty()
			.allSatisfy(
					(snippet) -> assertThat(Files.readString(ROOT.resolve(snippet.source()))).contains(snippet.text()));
	}

	@Test
	void runsTheDemoByTheSameCommandsInItsOwnReadme() throws IOException {
		String readme = Files.readString(ROOT.resolve("README.md"));

		assertThat(SNIPPET.matcher(Files.readString(Path.of("README.md"))).results().map((result) -> result.group(3)))
			.hasSize(2)
			.allSatisfy((command) -> assertThat(readme).contains(command));
	}

	@Test
	void quotesTheProxiesConfigurationsAsTheyAreRun() throws IOException {
		for (String language : List.of("nginx", "vcl")) {
			assertThat(snippets(language)).isNotEmpty()
				.allSatisfy((snippet) -> assertThat(Files.readString(ROOT.resolve(snippet.source())))
					.contains(snippet.text()));
		}
	}

	@Test
	void pointsOnlyAtFilesAndTestsThatAreThere() throws IOException {
		List<String> tests;
		try (Stream<Path> files = Files.walk(ROOT)) {
			tests = files.map((file) -> file.getFileName().toString())
				.filter((name) -> name.endsWith("Tests.java"))
				.map((name) -> name.replace(".java", ""))
				.toList();
		}

		for (Path document : Stream.concat(documents().stream(), samples().stream()).toList()) {
			String text = Files.readString(document);
			assertThat(matches(LINK, text))
				.allSatisfy((link) -> assertThat(document.resolveSibling(link)).as("a link in " + document).exists());
			assertThat(tests).containsAll(matches(TEST_CLASS, text));
		}
	}

	private static List<Path> documents() throws IOException {
		try (Stream<Path> root = Files.list(ROOT); Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
			return Stream.concat(root, docs).filter((file) -> file.toString().endsWith(".md")).toList();
		}
	}

	private static List<Path> samples() throws IOException {
		try (Stream<Path> samples = Files.list(ROOT.resolve("samples"))) {
			return samples.map((sample) -> sample.resolve("README.md")).filter(Files::exists).toList();
		}
	}

	private static List<Snippet> snippets(String language) throws IOException {
		List<Snippet> snippets = new ArrayList<>();
		for (Path document : documents()) {
			Matcher matcher = SNIPPET.matcher(Files.readString(document));
			while (matcher.find()) {
				if (matcher.group(2).equals(language)) {
					snippets.add(new Snippet(matcher.group(1), matcher.group(3)));
				}
			}
		}
		return snippets;
	}

	private static List<String> matches(Pattern pattern, String text) {
		return pattern.matcher(text).results().map((result) -> result.group(1)).distinct().toList();
	}

	private static String withoutIndentation(String text) {
		return text.lines().map(String::strip).filter((line) -> !line.isEmpty()).collect(Collectors.joining("\n"));
	}

	private record Snippet(String source, String text) {
	}

}
