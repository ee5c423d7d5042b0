package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM that has the class path and the Redis of this one, and prints what it finds out.
 */
final class ForkedJvm {

	private ForkedJvm() {
	}

	/**
	 * Run a program in a JVM of its own.
	 * @param program what has a {@code main}
	 * @param arguments its arguments
	 * @return the last line that it has printed: it may have been warned before
	 */
	static String run(Class<?> program, String... arguments) throws IOException, InterruptedException {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
						System.getProperty("java.class.path"),
						"-D" + BenchmarkRedis.PORT_PROPERTY + "=" + System.getProperty(BenchmarkRedis.PORT_PROPERTY),
						program.getName()));
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		try (InputStream out = process.getInputStream()) {
			String printed = new String(out.readAllBytes(), StandardCharsets.UTF_8);
			if (process.waitFor() != 0) {
				throw new IllegalStateException("The server failed: " + printed);
			}
			return printed.lines().reduce("", (earlier, line) -> line);
		}
		finally {
			process.destroyForcibly();
		}
	}

}
