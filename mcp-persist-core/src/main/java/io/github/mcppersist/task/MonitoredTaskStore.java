package io.github.mcppersist.task;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A {@link TaskStore} that shows operators what it holds: the calls that are tasks, which
 * are those of a {@linkplain NewTask#tool() tool}, and not the others that it keeps. What
 * it shows is for people: no request asks for it, and none waits for what is written for
 * it.
 */
public interface MonitoredTaskStore extends TaskStore {

	/**
	 * How many tasks a page may have.
	 */
	int MAX_PAGE_SIZE = 200;

	/**
	 * Find the tasks that are stored, running and ended ones, page by page, about in the
	 * order in which they expire, the one that is kept longest in front. What a page
	 * costs depends on its size, and hardly on how many tasks there are. One that has
	 * just become a task may not be found for a moment, one that is kept for longer while
	 * somebody pages moves to the front, and where the store has too many tasks to list
	 * those that expire first are left out.
	 * @param cursor where the page before ended, or {@code null} for the first page
	 * @param size how many tasks at most, up to {@link #MAX_PAGE_SIZE}
	 * @return the page; fails with {@link TaskStoreUnavailableException}
	 * @throws IllegalArgumentException if this is no cursor of this store, or no such
	 * size
	 */
	Mono<TaskPage> findTasks(@Nullable String cursor, int size);

	/**
	 * Find out what is known of one task, but for what its client and its tool tell each
	 * other.
	 * @param taskId the task
	 * @return what is known, or nothing if it isn't stored, or is no task of a tool;
	 * fails with {@link TaskStoreUnavailableException}
	 * @throws IllegalArgumentException if {@code taskId} can't be a task ID
	 */
	Mono<StoredTask> describeTask(String taskId);

	/**
	 * Check the size of a page.
	 * @param size the size
	 * @return the same
	 * @throws IllegalArgumentException if a page can't have it
	 */
	static int requirePageSize(int size) {
		if (size < 1 || size > MAX_PAGE_SIZE) {
			throw new IllegalArgumentException("A page has 1 to " + MAX_PAGE_SIZE + " tasks, not " + size);
		}
		return size;
	}

}
