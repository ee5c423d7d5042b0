package io.github.mcppersist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code docs/guarantees.md} says proves a promise is there: each test class, and
 * each method where one is named.
 */
class GuaranteesDocumentTests {

	private static final Path ROOT = Path.of("..");

	@Test
	void namesTestsThatAreThere() throws IOException {
		Map<String, String> tests = tests();
		List<String> missing = new ArrayList<>();
		String type = "";
		List<MatchResult> named = Pattern.compile("`(\\w+Tests)?(?:\\.(\\w+))?`")
			.matcher(Files.readString(ROOT.resolve("docs").resolve("guarantees.md")))
			.results()
			.toList();

		for (MatchResult name : named) {
			type = (name.group(1) != null) ? name.group(1) : type;
			String source = tests.getOrDefault(type, "");
			String sought = (name.group(2) != null) ? "void " + name.group(2) + "(" : "class " + type + " ";
			if (!source.contains(sought)) {
				missing.add(type + ": " + sought);
			}
		}

		assertThat(named).hasSizeGreaterThan(100);
		assertThat(missing).isEmpty();
	}

	private static Map<String, String> tests() throws IOException {
		try (Stream<Path> modules = Files.list(ROOT); Stream<Path> samples = Files.list(ROOT.resolve("samples"))) {
			return Stream.concat(modules, samples)
				.map((module) -> module.resolve("src"))
				.filter(Files::isDirectory)
				.flatMap(GuaranteesDocumentTests::testsOf)
				.collect(Collectors.toMap((file) -> file.getFileName().toString().replace(".java", ""),
						GuaranteesDocumentTests::read, (one, other) -> one + other));
		}
	}

	private static Stream<Path> testsOf(Path module) {
		try (Stream<Path> files = Files.walk(module)) {
			return files.filter((file) -> file.getFileName().toString().endsWith("Tests.java")).toList().stream();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
