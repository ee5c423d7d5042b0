package io.github.mcppersist.redis;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.Transports;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;

/**
 * Sends what was written to a connection: at once while few calls are under way, and
 * otherwise together with whatever else is written in the same moment. Under load a write
 * to the socket for each call costs more than the call.
 */
final class LettuceFlush {

	private final StatefulConnection<?, ?> connection;

	/**
	 * The connection's own event loop, where it is known: it writes there in the end, and
	 * from any other thread it wakes that thread first.
	 */
	private volatile Executor executor;

	private volatile boolean found;

	private final AtomicBoolean due = new AtomicBoolean();

	private LettuceFlush(StatefulConnection<?, ?> connection) {
		this.connection = connection;
		this.executor = connection.getResources().eventExecutorGroup();
	}

	/**
	 * Take over the flushing of a connection that nobody uses yet.
	 * @param connection the connection
	 * @return flushes it
	 */
	static LettuceFlush of(StatefulRedisConnection<?, ?> connection) {
		LettuceFlush flush = new LettuceFlush(connection);
		connection.setAutoFlushCommands(false);
		return flush;
	}

	/**
	 * Learn the event loop from a call that is made anyway: what is called for that alone
	 * needs a right of its own.
	 * @param answer what the driver completes on the event loop, unless it is cancelled
	 */
	void learnFrom(CompletionStage<?> answer) {
		if (!this.found) {
			answer.whenComplete((reply, failure) -> findEventLoop());
		}
	}

	private void findEventLoop() {
		if (this.found) {
			return;
		}
		EventLoopGroupProvider provider = this.connection.getResources().eventLoopGroupProvider();
		EventLoopGroup group = provider.allocate(Transports.eventLoopGroupClass());
		for (EventExecutor loop : group) {
			if (loop.inEventLoop()) {
				this.executor = loop;
				this.found = true;
			}
		}
		// The connection's client has it as well
		provider.release(group, 0, 0, TimeUnit.SECONDS);
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
