package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has operators see the tasks of a node. Nobody waits for that: the server of the list
 * may be away while those of the tasks work, and tasks that run are listed again whenever
 * they are renewed. Tasks of one moment are listed with one call. Thread-safe.
 */
final class ListedTasks {

	/**
	 * How long a task waits for others.
	 */
	static final Duration MOMENT = Duration.ofMillis(500);

	private static final Logger logger = LoggerFactory.getLogger(ListedTasks.class);

	private static final int NAMES_PER_CALL = 1000;

	private static final byte[] MAX_LISTED = RedisNode.number(100_000);

	private final RedisNode node;

	/**
	 * Those that wait, by how many seconds they are listed. Guarded by itself.
	 */
	private final Map<Long, Set<String>> waiting = new LinkedHashMap<>();

	ListedTasks(RedisNode node) {
		this.node = node;
	}

	/**
	 * List tasks in a moment.
	 * @param taskIds the tasks
	 * @param millis for how long, at least
	 */
	void add(Collection<String> taskIds, long millis) {
		if (taskIds.isEmpty()) {
			return;
		}
		synchronized (this.waiting) {
			if (this.waiting.isEmpty()) {
				this.node.later(MOMENT, this::list);
			}
			// Few that differ make few calls
			this.waiting.computeIfAbsent((millis + 999) / 1000, (seconds) -> new LinkedHashSet<>()).addAll(taskIds);
		}
	}

	private void list() {
		Map<Long, Set<String>> due;
		synchronized (this.waiting) {
			due = new LinkedHashMap<>(this.waiting);
			this.waiting.clear();
		}
		due.forEach((seconds, taskIds) -> list(List.copyOf(taskIds), RedisNode.number(seconds * 1000)));
	}

	private void list(List<String> taskIds, byte[] millis) {
		byte[][] index = { RedisKeys.bytes(this.node.keys().tasks()) };
		for (int first = 0; first < taskIds.size(); first += NAMES_PER_CALL) {
			List<byte[]> arguments = new ArrayList<>(List.of(millis, MAX_LISTED));
			taskIds.subList(first, Math.min(first + NAMES_PER_CALL, taskIds.size()))
				.forEach((taskId) -> arguments.add(RedisKeys.bytes(taskId)));
			this.node.write(LuaScript.NOTE_TASKS, 0, index, arguments.toArray(byte[][]::new), (reply, failure) -> {
				if (failure != null) {
					logger.debug("Tasks aren't listed for operators until they are renewed", failure);
				}
			});
		}
	}

}
