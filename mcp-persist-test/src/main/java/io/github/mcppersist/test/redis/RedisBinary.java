package io.github.mcppersist.test.redis;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import redis.embedded.core.ExecutableProvider;

/**
 * Finds a {@code redis-server} that runs on this machine: one that was asked for with the
 * system property {@code mcp.persist.test.redis-server} (or the environment variable
 * {@code MCP_PERSIST_TEST_REDIS_SERVER}; a path, or {@code embedded}), else the one on
 * the PATH, else the one in the embedded-redis dependency.
 */
final class RedisBinary {

	private static final String EMBEDDED = "embedded";

	private static Path found;

	private RedisBinary() {
	}

	static synchronized Path find() {
		checkMarked();
		if (found == null) {
			List<String> tried = new ArrayList<>();
			found = find(tried);
			if (found == null) {
				throw new IllegalStateException("The tests need a Redis and found none that runs: tried " + tried
						+ ". Put redis-server on the PATH, or name one in MCP_PERSIST_TEST_REDIS_SERVER");
			}
		}
		return found;
	}

	/**
	 * Fail where only tests are run that need no Redis: one that does has to say so.
	 */
	static void checkMarked() {
		if ("true".equals(TestRedis.setting("mcp.persist.test.without-redis"))) {
			throw new IllegalStateException("This test needs a Redis, so it has to be marked with @NeedsRedis");
		}
	}

	private static Path find(List<String> tried) {
		String wanted = TestRedis.setting("mcp.persist.test.redis-server");
		if (wanted != null && !wanted.equals(EMBEDDED)) {
			return check(Path.of(wanted), tried);
		}
		if (wanted == null) {
			for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
				Path file = Path.of(directory, "redis-server");
				if (Files.isExecutable(file) && check(file, tried) != null) {
					return file;
				}
			}
			tried.add("the PATH");
		}
		return findEmbedded(tried);
	}

	private static Path findEmbedded(List<String> tried) {
		try {
			Path directory = Files.createTempDirectory("mcp-persist-redis-binary");
			directory.toFile().deleteOnExit();
			Path file = Embedded.extract(directory);
			file.toFile().deleteOnExit();
			Path checked = check(file, tried);
			if (checked == null && System.getProperty("os.arch").equals("amd64") && isLinux()) {
				// The 64-bit binary needs OpenSSL 3 on the machine, this one needs
				// nothing
				checked = check(extractStatic(directory), tried);
			}
			return checked;
		}
		catch (IOException | LinkageError ex) {
			tried.add("the embedded-redis dependency (" + ex + ")");
			return null;
		}
	}

	private static Path extractStatic(Path directory) throws IOException {
		Path file = directory.resolve("redis-server-386");
		try (InputStream binary = ExecutableProvider.class.getResourceAsStream("/redis-server-6.2.7-linux-386")) {
			if (binary == null) {
				throw new IOException("No static binary for Linux");
			}
			Files.copy(binary, file);
		}
		file.toFile().deleteOnExit();
		if (!file.toFile().setExecutable(true)) {
			throw new IOException("Can't make " + file + " executable");
		}
		return file;
	}

	private static boolean isLinux() {
		return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
	}

	private static Path check(Path file, List<String> tried) {
		try {
			Process process = new ProcessBuilder(file.toString(), "--version").redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			boolean ended = process.waitFor(60, TimeUnit.SECONDS);
			process.destroyForcibly();
			if (ended && process.exitValue() == 0) {
				return file;
			}
			tried.add(file + " (it doesn't run)");
		}
		catch (IOException ex) {
			tried.add(file + " (" + ex.getMessage() + ")");
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			tried.add(file + " (interrupted)");
		}
		return null;
	}

	/**
	 * Apart, so that a module without the dependency can still use a Redis of its own.
	 */
	private static final class Embedded {

		static Path extract(Path directory) throws IOException {
			return ExecutableProvider.newJarResourceProvider(directory.toFile()).get().toPath();
		}

	}

}
