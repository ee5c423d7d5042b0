package io.github.mcppersist.test.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A private {@code redis-server} process on a loopback port, with a directory of its own,
 * for tests that stop, pause or configure it. It is never shared, and never outlives the
 * JVM.
 */
public final class RedisServer implements AutoCloseable {

	private static final Duration START_LIMIT = Duration.ofMinutes(1);

	private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

	private static final int ATTEMPTS = 5;

	private static final String LOADING_INTERVAL = "loading-process-events-interval-bytes";

	private static final long KEY_LOAD_DELAY_MS = 250;

	private static final Set<RedisServer> RUNNING = ConcurrentHashMap.newKeySet();

	static {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(RedisServer::close)));
	}

	private final boolean sentinel;

	private final Path directory;

	private final ReservedPort reserved;

	private final int port;

	private Process process;

	private boolean paused;

	private String password;

	private RedisServer(boolean sentinel, ReservedPort reserved, List<String> configuration) throws IOException {
		this.sentinel = sentinel;
		this.reserved = reserved;
		this.port = reserved.number();
		this.directory = Files.createTempDirectory("mcp-persist-redis-" + this.port + "-");
		List<String> lines = new ArrayList<>(List.of("bind 127.0.0.1", "port " + this.port, "dir " + this.directory,
				"logfile \"\"", "save \"\"", "appendonly no", "repl-diskless-sync-delay 0"));
		if (sentinel) {
			lines.removeIf((line) -> line.startsWith("save") || line.startsWith("append") || line.startsWith("repl"));
		}
		configuration.forEach((line) -> lines.add(line.replace("%dir%", this.directory.toString())));
		for (String line : lines) {
			if (line.startsWith("requirepass ")) {
				this.password = line.substring("requirepass ".length());
			}
		}
		Files.write(this.directory.resolve("redis.conf"), lines);
	}

	/**
	 * Start a server on a free port.
	 * @param configuration lines as in {@code redis.conf}, such as
	 * {@code "maxmemory 3mb"}; {@code %dir%} stands for the server's directory
	 * @return the running server
	 */
	public static RedisServer start(String... configuration) {
		return start(false, List.of(configuration));
	}

	/**
	 * Start a Sentinel on a free port.
	 * @param configuration lines as in {@code sentinel.conf}
	 * @return the running Sentinel
	 */
	public static RedisServer startSentinel(String... configuration) {
		return start(true, List.of(configuration));
	}

	private static RedisServer start(boolean sentinel, List<String> configuration) {
		for (int attempt = 1;; attempt++) {
			try {
				RedisServer server = new RedisServer(sentinel, ReservedPort.find(), configuration);
				try {
					server.startAgain();
					return server;
				}
				catch (IllegalStateException ex) {
					boolean taken = ex.getMessage().contains("Address already in use");
					server.close();
					if (!taken || attempt == ATTEMPTS) {
						throw ex;
					}
				}
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

	/**
	 * Start the server again, after {@link #stop()} or {@link #kill()}, on the same port
	 * and with what is on its disk.
	 */
	public synchronized void startAgain() {
		launch(this.sentinel ? List.of("--sentinel") : List.of());
		awaitReady();
	}

	private void launch(List<String> arguments) {
		if (isRunning()) {
			throw new IllegalStateException("Redis on port " + this.port + " runs already");
		}
		try {
			List<String> command = new ArrayList<>(
					List.of(RedisBinary.find().toString(), this.directory.resolve("redis.conf").toString()));
			command.addAll(arguments);
			this.process = new ProcessBuilder(command).directory(this.directory.toFile())
				.redirectErrorStream(true)
				.redirectOutput(this.directory.resolve("redis.log").toFile())
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		RUNNING.add(this);
		this.paused = false;
	}

	/**
	 * Restart the server with its data and more, so that it is loading for two minutes (a
	 * quarter of a minute before Redis 7), or until {@link #finishLoading()}. It accepts
	 * connections, and answers {@code LOADING}.
	 */
	public synchronized void restartLoading() {
		boolean often = looksForCommandsOften();
		String keys = often ? "480" : "60";
		String bytes = often ? "2200" : "2200000";
		cli("CONFIG", "SET", "rdbcompression", "no");
		cli("EVAL", "for i = 1, ARGV[1] do redis.call('SET', 'loading-' .. i, string.rep('x', ARGV[2])) end", "0", keys,
				bytes);
		stop();
		List<String> arguments = new ArrayList<>(
				List.of("--key-load-delay", String.valueOf(TimeUnit.MILLISECONDS.toMicros(KEY_LOAD_DELAY_MS))));
		if (often) {
			arguments.addAll(List.of("--" + LOADING_INTERVAL, "1024"));
		}
		launch(arguments);
		await("is not loading", (reply) -> reply.startsWith("LOADING"));
	}

	// Before Redis 7 it looks for commands each 2 MiB of what it loads
	private boolean looksForCommandsOften() {
		return !((List<?>) cli("CONFIG", "GET", LOADING_INTERVAL)).isEmpty();
	}

	/**
	 * Let the server load the rest of its data at once after {@link #restartLoading()}
	 * (before Redis 7 it can't be told to), and wait until it has.
	 */
	public synchronized void finishLoading() {
		if (looksForCommandsOften()) {
			cli("CONFIG", "SET", "key-load-delay", "0");
		}
		awaitReady();
	}

	private void awaitReady() {
		await("did not start", (reply) -> !reply.startsWith("LOADING"));
	}

	private void await(String otherwise, Predicate<String> condition) {
		long deadline = System.nanoTime() + START_LIMIT.toNanos();
		while (this.process.isAlive()) {
			String reply = ping();
			if (reply != null && condition.test(reply) && this.process.isAlive()) {
				return;
			}
			if (System.nanoTime() > deadline) {
				break;
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
		}
		throw new IllegalStateException("Redis " + otherwise + " on port " + this.port + ": " + log());
	}

	private String ping() {
		// Somebody else's server may answer at a port that was taken from this one
		if (log().contains("Address already in use")) {
			return null;
		}
		try (RespClient client = new RespClient(this.port, Duration.ofSeconds(5))) {
			return client.send("PING").toString();
		}
		catch (ErrorReply ex) {
			return ex.getMessage();
		}
		catch (IOException ex) {
			return null;
		}
	}

	/**
	 * Stop the server in an orderly way; its data is written to disk first.
	 */
	public synchronized void stop() {
		if (!isRunning()) {
			return;
		}
		resume();
		if (!this.sentinel) {
			cli("SAVE");
		}
		this.process.destroy();
		awaitEnd();
	}

	/**
	 * Kill the server (SIGKILL): what isn't on its disk is lost.
	 */
	public synchronized void kill() {
		this.process.destroyForcibly();
		awaitEnd();
	}

	private void awaitEnd() {
		try {
			if (!this.process.waitFor(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
				throw new IllegalStateException("Redis on port " + this.port + " does not end: " + log());
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while Redis ends", ex);
		}
		RUNNING.remove(this);
	}

	/**
	 * Stop the server and start it again with its data.
	 */
	public synchronized void restart() {
		stop();
		startAgain();
	}

	/**
	 * Kill the server and start it again without any data.
	 */
	public synchronized void restartEmpty() {
		kill();
		try (Stream<Path> files = Files.list(this.directory)) {
			for (Path file : files.filter((path) -> path.toString().endsWith(".rdb")).toList()) {
				Files.delete(file);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		startAgain();
	}

	/**
	 * Freeze the server (SIGSTOP): connections stay open, and nothing answers.
	 */
	public synchronized void pause() {
		signal("STOP");
		this.paused = true;
	}

	/**
	 * Let the server go on after {@link #pause()} (SIGCONT). Does nothing if it isn't
	 * paused.
	 */
	public synchronized void resume() {
		if (this.paused) {
			signal("CONT");
			this.paused = false;
		}
	}

	private void signal(String signal) {
		try {
			// The shell's own kill: there may be no such program
			Process kill = new ProcessBuilder("sh", "-c", "kill -" + signal + " " + this.process.pid()).start();
			if (!kill.waitFor(60, TimeUnit.SECONDS) || kill.exitValue() != 0) {
				throw new IllegalStateException("Can't send SIG" + signal + " to Redis on port " + this.port);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while signalling Redis", ex);
		}
	}

	/**
	 * Send a command on a connection of its own, as {@code redis-cli} does, as the
	 * default user.
	 * @param command the command and its arguments
	 * @return the reply: a String, a Long, a List of replies, or {@code null}
	 * @throws ErrorReply if Redis answers with an error
	 */
	public Object cli(String... command) {
		try (RespClient client = new RespClient(this.port, COMMAND_LIMIT)) {
			if (this.password != null) {
				client.send("AUTH", this.password);
			}
			return client.send(command);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(
					"Redis on port " + this.port + " does not answer " + Arrays.toString(command) + ": " + log(), ex);
		}
	}

	/**
	 * Return one field of {@code INFO}.
	 * @param field the name of the field
	 * @return its value, or {@code null} if there is none
	 */
	public String info(String field) {
		String prefix = field + ":";
		return ((String) cli("INFO", "everything")).lines()
			.filter((line) -> line.startsWith(prefix))
			.map((line) -> line.substring(prefix.length()))
			.findFirst()
			.orElse(null);
	}

	/**
	 * Return whether the process is there, paused or not.
	 * @return whether the process is alive
	 */
	public boolean isRunning() {
		return this.process != null && this.process.isAlive();
	}

	/**
	 * Return the port, which stays the same over restarts.
	 * @return the port on the loopback address
	 */
	public int port() {
		return this.port;
	}

	/**
	 * Return the address as clients take it.
	 * @return a URI such as {@code redis://127.0.0.1:11001}
	 */
	public String uri() {
		return "redis://127.0.0.1:" + this.port;
	}

	/**
	 * Return what the server has written to its log since it was last started.
	 * @return the log
	 */
	public String log() {
		try {
			Path log = this.directory.resolve("redis.log");
			return Files.exists(log) ? Files.readString(log) : "";
		}
		catch (IOException ex) {
			return "(no log: " + ex.getMessage() + ")";
		}
	}

	/**
	 * Kill the server and delete its directory.
	 */
	@Override
	public synchronized void close() {
		if (this.process != null) {
			kill();
		}
		this.reserved.close();
		try (Stream<Path> files = Files.walk(this.directory)) {
			files.sorted(Comparator.reverseOrder()).forEach((path) -> path.toFile().delete());
		}
		catch (IOException | UncheckedIOException ex) {
			// What is left in the temporary directory does no harm
		}
	}

	/**
	 * An error that Redis answered with.
	 */
	public static final class ErrorReply extends RuntimeException {

		ErrorReply(String message) {
			super(message);
		}

	}

}
