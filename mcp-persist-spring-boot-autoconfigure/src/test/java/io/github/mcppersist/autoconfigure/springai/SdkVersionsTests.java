package io.github.mcppersist.autoconfigure.springai;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whole applications on other versions of the MCP SDK than the build's, each in a JVM of
 * its own: an older one is noticed at start, and a newer one starts.
 */
@Timeout(240)
class SdkVersionsTests {

	@TempDir
	private Path directory;

	@ParameterizedTest
	@CsvSource({ "1.1.2, false", "2.0.1, false", "2.0.1, true" })
	void anOlderCoreIsNoticedAtStart(String version, boolean springAi) throws Exception {
		String output = run(springAi, "mcp-core-" + version);

		assertThat(output)
			.contains("APPLICATION FAILED TO START", "mcp-core " + version, "mcp-core-" + version + ".jar",
					"version 2.1.0 or later is needed", "<dependencyManagement>", "dependencySet(")
			.doesNotContain("MCP is served");
	}

	@Test
	void aMixOfVersionsThatWorksIsNamedAndStarts() throws Exception {
		assertThat(run(false, "mcp-json-jackson3-2.0.0")).contains("WARN", "a mix of versions: mcp-json-jackson3 2.0.0",
				"Use version 2.1.0", "MCP is served at /mcp");
	}

	@ParameterizedTest
	@CsvSource({ "false", "true" })
	void aNewerCoreBesideTheJsonModuleThatThereIsStarts(boolean springAi) throws Exception {
		assertThat(run(springAi, "mcp-core-2.2.0")).contains("MCP is served at /mcp")
			.doesNotContain("WARN", "APPLICATION FAILED");
	}

	@ParameterizedTest
	@CsvSource({ "false", "true" })
	void leavesRevision20260728ToAServerOfTheSdksThatTheApplicationHas(boolean springAi) throws Exception {
		assertThat(run(springAi, "mcp-core-2.2.0", "true")).contains("MCP is served at /mcp",
				"Revision 2026-07-28 isn't served there, since the application has a server of the MCP SDK's for it, "
						+ "the bean 'modernServer'");
		assertThat(run(springAi, "mcp-core-2.2.0", "false")).contains("MCP is served at /mcp")
			.doesNotContain("2026-07-28");
	}

	/**
	 * Run an application until it has started or failed.
	 * @param springAi whether it is one of Spring AI's, or has the plain SDK's server
	 * @param jar which version takes the place of the build's
	 * @param arguments further arguments
	 * @return what it logged
	 */
	private String run(boolean springAi, String jar, String... arguments) throws Exception {
		Path log = this.directory.resolve("log");
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath(jar),
						SdkVersionsApplication.class.getName(), Boolean.toString(springAi)));
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
		try {
			assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
		}
		finally {
			process.destroyForcibly();
		}
		return Files.readString(log);
	}

	private static String classPath(String jar) {
		Path replacement = Path.of("target", "sdk-versions", jar + ".jar").toAbsolutePath();
		assertThat(replacement).exists();
		String artifact = jar.substring(0, jar.lastIndexOf('-'));
		String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
		List<String> entries = Arrays.stream(classPath.split(File.pathSeparator)).toList();
		assertThat(entries).anySatisfy((entry) -> assertThat(isVersionOf(entry, artifact)).isTrue());
		return entries.stream()
			.map((entry) -> isVersionOf(entry, artifact) ? replacement.toString() : entry)
			.collect(Collectors.joining(File.pathSeparator));
	}

	private static boolean isVersionOf(String entry, String artifact) {
		return Path.of(entry).getFileName().toString().matches(artifact + "-\\d.*\\.jar");
	}

}
