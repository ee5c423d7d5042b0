package io.github.mcppersist.samples.failover;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * Ends this process with the one that started it, however that ends: killed with -9 it
 * has no time to end its children. It is at the other end of this one's input, which the
 * system closes for it.
 */
final class ParentWatch {

	private ParentWatch() {
	}

	/**
	 * Start to watch. Each line of the input names the processes that are to end with
	 * this one: Redis can't watch by itself.
	 */
	static void start() {
		Thread thread = new Thread(ParentWatch::watch, "parent watch");
		thread.setDaemon(true);
		thread.start();
	}

	private static void watch() {
		List<ProcessHandle> siblings = List.of();
		try (BufferedReader reader = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
			for (String line = reader.readLine(); line != null; line = reader.readLine()) {
				siblings = Stream.of(line.split(" "))
					.filter((pid) -> !pid.isEmpty())
					.flatMap((pid) -> ProcessHandle.of(Long.parseLong(pid)).stream())
					.toList();
			}
		}
		catch (IOException ex) {
			// There is nobody to read from any more, which is all that matters
		}
		siblings.forEach(ProcessHandle::destroyForcibly);
		Runtime.getRuntime().halt(1);
	}

}
