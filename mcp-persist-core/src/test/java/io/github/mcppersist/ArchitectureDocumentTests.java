package io.github.mcppersist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The map of classes in {@code docs/architecture.md}: whoever looks for the job of one
 * finds it there.
 */
class ArchitectureDocumentTests {

	private static final Path DOCUMENT = Path.of("..", "docs", "architecture.md");

	@Test
	void namesEachClassThatDoesMoreThanHoldValues() throws IOException {
		String map = Files.readString(DOCUMENT).split("## Classes", 2)[1];
		Set<String> named = Pattern.compile("`(\\w+)`")
			.matcher(map)
			.results()
			.map((MatchResult found) -> found.group(1))
			.collect(Collectors.toSet());

		Set<String> classes = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
			.importPackages("io.github.mcppersist")
			.stream()
			.filter(ArchitectureDocumentTests::hasAJob)
			.map(JavaClass::getSimpleName)
			.collect(Collectors.toSet());

		assertThat(named).containsAll(classes);
	}

	private static boolean hasAJob(JavaClass type) {
		boolean value = type.isRecord() || type.isEnum() || type.isAssignableTo(Throwable.class)
				|| type.getSimpleName().endsWith("Options");
		return type.isTopLevelClass() && !value && !type.getSimpleName().equals("package-info");
	}

}
