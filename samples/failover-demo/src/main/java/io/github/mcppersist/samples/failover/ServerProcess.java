package io.github.mcppersist.samples.failover;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * One instance of the server, as a process of its own, so that it can be killed. It
 * doesn't outlive this one.
 */
final class ServerProcess implements AutoCloseable {

	/**
	 * The option by which an instance is told that it is one.
	 */
	static final String INSTANCE_OPTION = "instance";

	/**
	 * What an instance prints before its endpoint when it serves.
	 */
	static final String READY = "ready ";

	private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

	private final String name;

	private final Process process;

	private final CompletableFuture<URI> endpoint = new CompletableFuture<>();

	private ServerProcess(String name, Process process) {
		this.name = name;
		this.process = process;
	}

	/**
	 * Start an instance. What it logs is printed, after its name.
	 * @param name the instance's name
	 * @param args its options
	 * @param out where to print
	 * @return the instance, which doesn't serve yet
	 * @throws IOException if the process can't be started
	 */
	static ServerProcess start(String name, List<String> args, PrintStream out) throws IOException {
		List<String> all = new ArrayList<>(args);
		all.add("--" + INSTANCE_OPTION + "=" + name);
		Process process = new ProcessBuilder(JavaCommand.of(all)).redirectErrorStream(true).start();
		Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
		ServerProcess server = new ServerProcess(name, process);
		Thread reader = new Thread(() -> server.read(out), "output of instance " + name);
		reader.setDaemon(true);
		reader.start();
		server.tellOfSiblings();
		return server;
	}

	String name() {
		return this.name;
	}

	long pid() {
		return this.process.pid();
	}

	/**
	 * Wait until the instance serves.
	 * @param limit how long to wait
	 * @throws IOException if it can't serve, or not so soon
	 * @throws InterruptedException if the thread was interrupted meanwhile
	 */
	void awaitReady(Duration limit) throws IOException, InterruptedException {
		try {
			this.endpoint.get(limit.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (ExecutionException ex) {
			throw new IOException("Instance %s ended before it served; see what it printed".formatted(this.name), ex);
		}
		catch (TimeoutException ex) {
			throw new IOException("Instance %s didn't serve within %d s".formatted(this.name, limit.toSeconds()), ex);
		}
	}

	URI endpoint() {
		return this.endpoint.join();
	}

	/**
	 * Call somebody when the instance serves.
	 * @param callback whom to call
	 */
	void onReady(Runnable callback) {
		this.endpoint.thenRun(callback);
	}

	/**
	 * Call somebody when the process is gone, however that came.
	 * @param callback whom to call
	 */
	void onExit(Runnable callback) {
		this.process.onExit().thenRun(callback);
	}

	/**
	 * Tell the instance what has to end with this process: what else this one has started
	 * by now.
	 */
	void tellOfSiblings() {
		String siblings = ProcessHandle.current()
			.children()
			.filter((child) -> child.pid() != pid())
			.map((child) -> Long.toString(child.pid()))
			.collect(Collectors.joining(" ", "", "\n"));
		try {
			this.process.getOutputStream().write(siblings.getBytes(StandardCharsets.US_ASCII));
			this.process.getOutputStream().flush();
		}
		catch (IOException ex) {
			// It has ended itself
		}
	}

	/**
	 * End the process with no chance to say goodbye, and wait until it is gone.
	 */
	void kill() throws IOException, InterruptedException {
		this.process.destroyForcibly();
		if (!this.process.waitFor(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
			throw new IOException("Instance %s, process %d, could not be killed".formatted(this.name, pid()));
		}
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
	}

	@Override
	public String toString() {
		return "%s, process %d, %s".formatted(this.name, pid(), endpoint());
	}

	// To its end, for unread output would block the instance before long
	private void read(PrintStream out) {
		try (BufferedReader reader = this.process.inputReader()) {
			for (String line = reader.readLine(); line != null; line = reader.readLine()) {
				if (line.startsWith(READY)) {
					this.endpoint.complete(URI.create(line.substring(READY.length())));
				}
				else {
					out.println(this.name + " | " + line);
				}
			}
		}
		catch (IOException ex) {
			out.println(this.name + " | " + ex);
		}
		this.endpoint.completeExceptionally(new EOFException("The output ended"));
	}

}
