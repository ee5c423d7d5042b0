package io.github.mcppersist.samples.failover;

import java.util.List;

/**
 * Ends this process with the one that started it, however that ends: killed with -9 it
 * has no time to end its children.
 */
final class ParentWatch {

	private ParentWatch() {
	}

	/**
	 * Start to watch.
	 * @param parent the process ID of the parent
	 */
	static void start(long parent) {
		ProcessHandle.of(parent).ifPresentOrElse(ParentWatch::watch, ParentWatch::end);
	}

	// What else the parent has started by now is its Redis, which can't watch by itself
	private static void watch(ProcessHandle parent) {
		List<ProcessHandle> siblings = parent.children()
			.filter((child) -> !child.equals(ProcessHandle.current()))
			.toList();
		parent.onExit().thenRun(() -> {
			siblings.forEach(ProcessHandle::destroyForcibly);
			end();
		});
	}

	private static void end() {
		Runtime.getRuntime().halt(1);
	}

}
