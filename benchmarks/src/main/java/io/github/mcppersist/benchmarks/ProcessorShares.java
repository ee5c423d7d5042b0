package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gives the servers the first processor, and Redis and this JVM with its clients all
 * others, so that what is measured of a server isn't what the clients left of the
 * machine. Only where there are two processors and {@code taskset}. This JVM gets back
 * what it had when this is closed.
 */
final class ProcessorShares implements AutoCloseable {

	private static final Path STATUS = Path.of("/proc/self/status");

	private final String all;

	private final String server;

	private ProcessorShares(String all, String server) {
		this.all = all;
		this.server = server;
	}

	/**
	 * Move this JVM and Redis.
	 * @param redisProcess the process ID of Redis
	 * @return the shares
	 */
	static ProcessorShares assign(long redisProcess) throws IOException, InterruptedException {
		String all = allowed();
		List<Integer> processors = parse(all);
		ProcessorShares shares = new ProcessorShares(all,
				(processors.size() > 1) ? Integer.toString(processors.get(0)) : "");
		if (shares.isShared()) {
			return shares;
		}
		String others = String.join(",", processors.stream().skip(1).map(String::valueOf).toList());
		if (!taskset(others, ProcessHandle.current().pid()) || !taskset(others, redisProcess)) {
			return none();
		}
		return shares;
	}

	/**
	 * Leave all processors to everybody.
	 * @return no shares
	 */
	static ProcessorShares none() {
		return new ProcessorShares("", "");
	}

	private static String allowed() throws IOException {
		if (!Files.exists(STATUS)) {
			return "";
		}
		Matcher list = Pattern.compile("(?m)^Cpus_allowed_list:\\s+(\\S+)$").matcher(Files.readString(STATUS));
		return list.find() ? list.group(1) : "";
	}

	private static List<Integer> parse(String list) {
		List<Integer> processors = new ArrayList<>();
		Matcher range = Pattern.compile("(\\d+)(?:-(\\d+))?").matcher(list);
		while (range.find()) {
			int first = Integer.parseInt(range.group(1));
			int last = (range.group(2) != null) ? Integer.parseInt(range.group(2)) : first;
			for (int processor = first; processor <= last; processor++) {
				processors.add(processor);
			}
		}
		return processors;
	}

	private static boolean taskset(String processors, long process) throws InterruptedException {
		try {
			Process taskset = new ProcessBuilder("taskset", "-a", "-c", "-p", processors, Long.toString(process))
				.redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			return taskset.waitFor(5, TimeUnit.SECONDS) && taskset.exitValue() == 0;
		}
		catch (IOException ex) {
			// There is no such program
			return false;
		}
	}

	private boolean isShared() {
		return this.server.isEmpty();
	}

	/**
	 * Return what goes before the command of a server.
	 * @return the first words of its command line
	 */
	List<String> serverCommand() {
		return isShared() ? List.of() : List.of("taskset", "-c", this.server);
	}

	/**
	 * Hold a server that was started with all processors to those of the servers.
	 * @param server the process ID of the server
	 */
	void confine(long server) throws InterruptedException {
		if (!isShared() && !taskset(this.server, server)) {
			throw new IllegalStateException("The server can't be moved to processor " + this.server);
		}
	}

	/**
	 * Let a server have all processors again.
	 * @param server the process ID of the server
	 */
	void release(long server) throws InterruptedException {
		if (!isShared()) {
			taskset(this.all, server);
		}
	}

	@Override
	public String toString() {
		return isShared() ? "servers, clients and Redis share all processors"
				: "servers on processor " + this.server + " alone, clients and Redis on the others";
	}

	@Override
	public void close() throws InterruptedException {
		if (!isShared()) {
			taskset(this.all, ProcessHandle.current().pid());
		}
	}

}
