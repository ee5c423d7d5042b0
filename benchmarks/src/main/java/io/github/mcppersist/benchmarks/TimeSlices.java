package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * Lets servers run one after the other, each for a tenth of the time, by {@code SIGSTOP}
 * and {@code SIGCONT}. So each has the same tenth of a processor however many there are,
 * and there is always one left for the client, where the machine has two.
 */
final class TimeSlices implements AutoCloseable {

	private static final int SLICE_MS = 5;

	private static final int CYCLE_MS = 50;

	/**
	 * Ends by itself if this JVM is killed, and leaves no server stopped.
	 */
	private static final String SCRIPT = """
			slice=$1; rest=$2; shift 2
			trap 'kill -CONT "$@"; exit' TERM
			while kill -0 $PPID; do
			  for server; do kill -CONT $server; sleep $slice; kill -STOP $server; done
			  sleep $rest
			done
			kill -CONT "$@"
			""";

	private final Process process;

	private TimeSlices(Process process) {
		this.process = process;
	}

	/**
	 * Begin.
	 * @param servers up to nine servers
	 * @return ends it when it is closed, and lets the servers run
	 */
	static TimeSlices of(Collection<RedisServer> servers) {
		List<String> command = new ArrayList<>(List.of("sh", "-c", SCRIPT, "slices", seconds(SLICE_MS),
				seconds(CYCLE_MS - SLICE_MS * servers.size())));
		servers.forEach((server) -> command.add(server.info("process_id")));
		try {
			return new TimeSlices(new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start());
		}
		catch (IOException ex) {
			throw new IllegalStateException("There is no sh that could stop and continue Redis", ex);
		}
	}

	private static String seconds(int millis) {
		return String.format(Locale.ROOT, "%.3f", millis / 1e3);
	}

	@Override
	public void close() {
		this.process.destroy();
		try {
			if (!this.process.waitFor(10, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Redis may be stopped: what stops and continues it doesn't end");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

}
