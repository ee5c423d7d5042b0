package io.github.mcppersist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The map of classes in {@code docs/architecture.md}, and its table of who owns what:
 * whoever looks for the job of a class, or for what guards its state, finds it there.
 */
class ArchitectureDocumentTests {

	private static final Path DOCUMENT = Path.of("..", "docs", "architecture.md");

	@Test
	void namesEachClassThatDoesMoreThanHoldValues() throws IOException {
		String map = Files.readString(DOCUMENT).split("## Classes", 2)[1];
		Set<String> named = named("`(\\w+)`", map);

		Set<String> classes = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
			.importPackages("io.github.mcppersist")
			.stream()
			.filter(ArchitectureDocumentTests::hasAJob)
			.map(JavaClass::getSimpleName)
			.collect(Collectors.toSet());

		assertThat(named).containsAll(classes);
	}

	@Test
	void namesTheOwnerOfEachState() throws IOException {
		String section = Files.readString(DOCUMENT).split("## Who owns which state", 2)[1].split("\n## ", 2)[0];
		Set<String> named = named("`(\\w+)[`.]", section);

		Set<String> owners = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
			.importPackages("io.github.mcppersist.stream", "io.github.mcppersist.transport",
					"io.github.mcppersist.modern")
			.stream()
			.filter(ArchitectureDocumentTests::hasAJob)
			.filter(ArchitectureDocumentTests::hasState)
			.map(JavaClass::getSimpleName)
			.collect(Collectors.toSet());

		assertThat(owners).hasSizeGreaterThan(50);
		assertThat(named).containsAll(owners);
	}

	private static boolean hasState(JavaClass type) {
		boolean creates = type.getConstructors()
			.stream()
			.flatMap((constructor) -> constructor.getCallsFromSelf().stream())
			.anyMatch(ArchitectureDocumentTests::isCreation);
		return type.getFields()
			.stream()
			.filter((field) -> !field.getModifiers().contains(JavaModifier.STATIC))
			.anyMatch((field) -> !field.getModifiers().contains(JavaModifier.FINAL)
					|| (creates && changes(field.getRawType())));
	}

	// A set that is made without its constructor is one of ConcurrentHashMap
	private static boolean isCreation(JavaCall<?> call) {
		return call.getName().equals("newKeySet")
				|| (call.getName().equals("<init>") && changes(call.getTargetOwner()));
	}

	private static boolean changes(JavaClass type) {
		return type.getPackageName().startsWith("java.util.concurrent") || type.isAssignableTo(Map.class)
				|| type.isAssignableTo(Collection.class);
	}

	private static Set<String> named(String pattern, String text) {
		return Pattern.compile(pattern)
			.matcher(text)
			.results()
			.map((MatchResult found) -> found.group(1))
			.collect(Collectors.toSet());
	}

	private static boolean hasAJob(JavaClass type) {
		boolean value = type.isRecord() || type.isEnum() || type.isAssignableTo(Throwable.class)
				|| type.getSimpleName().endsWith("Options");
		return type.isTopLevelClass() && !value && !type.getSimpleName().equals("package-info");
	}

}
