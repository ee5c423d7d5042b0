package io.github.mcppersist.task;

/**
 * Thrown when a task is created beyond what a store keeps. Those that are there stay: a
 * client that floods a server keeps new ones out, and drives nobody's away.
 */
public final class TooManyTasksException extends TaskStoreException {

	public TooManyTasksException() {
		super("As many tasks are stored as there may be: a new one can begin when one has expired");
	}

}
