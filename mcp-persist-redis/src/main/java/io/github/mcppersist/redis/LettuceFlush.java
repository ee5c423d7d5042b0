package io.github.mcppersist.redis;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import io.lettuce.core.api.StatefulConnection;

/**
 * Sends what was written to a connection: at once while few calls are under way, and
 * otherwise together with whatever else is written in the same moment. Under load a write
 * to the socket for each call costs more than the call.
 */
final class LettuceFlush {

	private final StatefulConnection<?, ?> connection;

	private final Executor executor;

	private final AtomicBoolean due = new AtomicBoolean();

	/**
	 * Take over the flushing of a connection.
	 * @param connection the connection
	 * @param executor runs a flush, which doesn't block
	 */
	LettuceFlush(StatefulConnection<?, ?> connection, Executor executor) {
		this.connection = connection;
		this.executor = executor;
		connection.setAutoFlushCommands(false);
	}

	/**
	 * Send what this thread has written.
	 * @param busy whether many calls are under way
	 */
	void flush(boolean busy) {
		if (!busy) {
			this.connection.flushCommands();
		}
		else if (this.due.compareAndSet(false, true)) {
			try {
				this.executor.execute(() -> {
					// First, so that what is written from now on has a flush of its own
					this.due.set(false);
					this.connection.flushCommands();
				});
			}
			catch (RejectedExecutionException ex) {
				this.due.set(false);
				this.connection.flushCommands();
			}
		}
	}

}
