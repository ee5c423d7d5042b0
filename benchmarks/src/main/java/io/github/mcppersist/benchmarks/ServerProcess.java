package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server in a JVM of its own, which doesn't outlive this one.
 */
final class ServerProcess implements AutoCloseable {

	private static final Duration START_LIMIT = Duration.ofMinutes(3);

	private static final int LOWEST_PORT = 22_000;

	private static final int PORTS = 8000;

	private static final Set<ServerProcess> RUNNING = ConcurrentHashMap.newKeySet();

	static {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(ServerProcess::kill)));
	}

	private final InetSocketAddress address;

	private final Path log;

	private final Process process;

	private ServerProcess(InetSocketAddress address, Path log, Process process) {
		this.address = address;
		this.log = log;
		this.process = process;
	}

	/**
	 * Start a server and wait until it listens.
	 * @param shares has the server's processors
	 * @param java arguments of the {@code java} command, among them {@code %port%} for
	 * where the server is to listen
	 * @return the running server
	 */
	static ServerProcess start(ProcessorShares shares, List<String> java) throws IOException {
		InetSocketAddress address = freeAddress();
		List<String> command = new ArrayList<>(shares.serverCommand());
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		java.forEach((argument) -> command.add(argument.replace("%port%", Integer.toString(address.getPort()))));
		Path log = Files.createTempFile("mcp-persist-server-", ".log");
		log.toFile().deleteOnExit();
		Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
		ServerProcess server = new ServerProcess(address, log, process);
		RUNNING.add(server);
		server.awaitListening();
		return server;
	}

	// Below the range of ephemeral ports: a client that comes too early can connect to
	// itself there
	private static InetSocketAddress freeAddress() throws IOException {
		for (int attempt = 0; attempt < 100; attempt++) {
			int port = LOWEST_PORT + ThreadLocalRandom.current().nextInt(PORTS);
			try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
				return (InetSocketAddress) socket.getLocalSocketAddress();
			}
			catch (BindException ex) {
				// Taken
			}
		}
		throw new IOException("No free port between " + LOWEST_PORT + " and " + (LOWEST_PORT + PORTS));
	}

	private void awaitListening() throws IOException {
		long deadline = System.nanoTime() + START_LIMIT.toNanos();
		while (!listens()) {
			if (!this.process.isAlive() || System.nanoTime() - deadline > 0) {
				kill();
				throw new IOException("The server did not start: " + Files.readString(this.log));
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
		}
	}

	private boolean listens() {
		try (Socket socket = new Socket()) {
			socket.connect(this.address, 1000);
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

	long pid() {
		return this.process.pid();
	}

	InetSocketAddress address() {
		return this.address;
	}

	/**
	 * Return what the server has used of its processors.
	 * @return the time since it was started, of all threads, in user and system mode
	 */
	Duration processorTime() {
		return this.process.info()
			.totalCpuDuration()
			.orElseThrow(() -> new IllegalStateException("The server's processor time is not known"));
	}

	/**
	 * Return what its compilers have used of its processors.
	 * @return the time since it was started
	 */
	Duration compilerTime() throws IOException {
		double ticks = number("(?m)^java\\.ci\\.totalTime=(\\d+)", "PerfCounter.print");
		double perSecond = number("(?m)^sun\\.os\\.hrt\\.frequency=(\\d+)", "PerfCounter.print");
		return Duration.ofNanos((long) (ticks / perSecond * 1e9));
	}

	/**
	 * Collect garbage and count what is left, class by class.
	 * @return the bytes that are left in the server's heap
	 */
	long usedHeap() throws IOException {
		return number("(?m)^Total +\\d+ +(\\d+)", "GC.class_histogram");
	}

	// What the JVM says of itself
	private long number(String pattern, String command) throws IOException {
		Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
		Process process = new ProcessBuilder(jcmd.toString(), Long.toString(this.process.pid()), command)
			.redirectErrorStream(true)
			.start();
		String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		Matcher found = Pattern.compile(pattern).matcher(text);
		if (!found.find()) {
			throw new IOException(command + " doesn't say it: " + text);
		}
		return Long.parseLong(found.group(1));
	}

	/**
	 * End the server at once (SIGKILL).
	 */
	void kill() {
		this.process.destroyForcibly();
		this.process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
		RUNNING.remove(this);
	}

	@Override
	public void close() {
		kill();
	}

}
