package io.github.mcppersist.modern;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.task.TaskUnreadableException;

/**
 * A task, or a call, that is in the store and can't be read: what is logged of it, and
 * what its client gets.
 */
final class UnreadableTask {

	private static final Logger logger = LoggerFactory.getLogger(UnreadableTask.class);

	private static final ErrorResponse UNREADABLE = ErrorResponse
		.internal("Internal error: what is known of the call can't be read by this instance");

	private UnreadableTask() {
	}

	/**
	 * Log that a client can't be told of a task.
	 * @param ex why not
	 * @return what the client gets, if it waits for an answer
	 */
	static ErrorResponse error(Throwable ex) {
		if (ex instanceof TaskUnreadableException) {
			// Was reported by what could not open it
			logger.debug("A task, or a call, can't be read; its client gets an error, or can't listen to it", ex);
		}
		else {
			logger.error("A task, or a call, can't be read; its client gets an error, or can't listen to it", ex);
		}
		return UNREADABLE;
	}

}
