package io.github.mcppersist.task;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Some of the tasks that are stored.
 *
 * @param tasks the tasks, the one that is kept longest in front. There may be fewer than
 * were asked for although others follow
 * @param next where the next page begins, or {@code null} if this is the last one: opaque
 * printable ASCII, from which nothing follows but a place
 */
public record TaskPage(List<StoredTask> tasks, @Nullable String next) {

	public TaskPage {
		tasks = List.copyOf(tasks);
	}

}
