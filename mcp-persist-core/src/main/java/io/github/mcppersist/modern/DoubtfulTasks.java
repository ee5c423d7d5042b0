package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskStore;

/**
 * Tasks that the store may have created without having said so, and of which no client
 * was told: ends them there. An outage can leave one for each call that is refused
 * meanwhile. So nothing is kept of them but their names, and only of so many: what is
 * there of the others stays until its time is over. Thread-safe.
 */
final class DoubtfulTasks {

	/**
	 * How many are tried at a time.
	 */
	static final int MAX_TASKS = 1000;

	private static final Logger logger = LoggerFactory.getLogger(DoubtfulTasks.class);

	/**
	 * For how long each is tried.
	 */
	private static final Duration LIMIT = Duration.ofMinutes(1);

	private final Threads threads;

	private final TaskStore store;

	private final AtomicInteger underWay = new AtomicInteger();

	/**
	 * Create it.
	 * @param threads the endpoint's threads
	 * @param store the store
	 */
	DoubtfulTasks(Threads threads, TaskStore store) {
		this.threads = threads;
		this.store = store;
	}

	/**
	 * End a task, if it is there.
	 * @param name its name in the store
	 */
	void end(String name) {
		if (this.underWay.incrementAndGet() > MAX_TASKS) {
			this.underWay.decrementAndGet();
			logger.debug("A task that nobody knows of may be kept until its time is over: there are too many");
			return;
		}
		new RepeatedCall<>(this.threads, this.store.endTask(name, TaskEnd.cancelled(null)), LIMIT,
				(first) -> this.underWay.decrementAndGet(), (ex) -> {
					this.underWay.decrementAndGet();
					logger.debug("A task that nobody knows of may be kept until its time is over", ex);
				})
			.begin();
	}

}
