package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of an endpoint that serves. They are daemons, and started when they are
 * needed.
 */
public final class ThreadPools implements Threads {

	private static final Logger logger = LoggerFactory.getLogger(ThreadPools.class);

	private static final int MAX_THREADS = 500;

	private static final int MAX_WAITING_TASKS = 10_000;

	private final ElasticPool handlers = new ElasticPool("mcp-persist-handler");

	private final ElasticPool answers = new ElasticPool("mcp-persist-answer");

	private final @Nullable Executor usersHandlers;

	private final ExecutorService delivery;

	private final ScheduledThreadPoolExecutor clock;

	/**
	 * Create the pools.
	 * @param usersHandlers what the user wants handlers to be run by, or {@code null} for
	 * the endpoint's own pool
	 */
	public ThreadPools(@Nullable Executor usersHandlers) {
		this.usersHandlers = usersHandlers;
		this.delivery = Executors.newFixedThreadPool(Math.max(2, Runtime.getRuntime().availableProcessors()),
				daemons("mcp-persist-delivery"));
		this.clock = new ScheduledThreadPoolExecutor(1, daemons("mcp-persist-clock"));
		this.clock.setRemoveOnCancelPolicy(true);
	}

	@Override
	public long nanoTime() {
		return System.nanoTime();
	}

	@Override
	public Executor delivery() {
		return this.delivery;
	}

	@Override
	public void deliverLater(Duration delay, Runnable task) {
		try {
			this.clock.schedule(() -> deliver(task), delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on later, since the endpoint is closed");
		}
	}

	@Override
	public void repeat(Duration period, Runnable task) {
		AtomicBoolean running = new AtomicBoolean();
		this.clock.scheduleWithFixedDelay(() -> {
			if (running.compareAndSet(false, true)) {
				deliver(() -> {
					try {
						task.run();
					}
					catch (Throwable ex) {
						// The next turn comes all the same
						logger.error("What is due again and again failed; please report this", ex);
					}
					finally {
						running.set(false);
					}
				});
			}
		}, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
	}

	private void deliver(Runnable task) {
		try {
			this.delivery.execute(task);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on, since the endpoint is closed");
		}
	}

	@Override
	public void handle(Runnable task, Consumer<RejectedExecutionException> refused) {
		Executor users = this.usersHandlers;
		if (users == null) {
			this.handlers.execute(task);
			return;
		}
		this.handlers.execute(() -> {
			try {
				users.execute(task);
			}
			catch (RejectedExecutionException ex) {
				refused.accept(ex);
			}
		});
	}

	@Override
	public void answer(Runnable task) {
		this.answers.execute(task);
	}

	@Override
	public void release(Runnable task) {
		this.answers.executeWhateverWaits(task);
	}

	@Override
	public void close() {
		this.clock.shutdownNow();
		this.answers.shutdown();
		this.handlers.shutdown();
		this.delivery.shutdown();
	}

	/**
	 * Threads that see the class loader of whoever builds the endpoint, and not that of a
	 * request that happens to be the first.
	 * @param name what the threads are called
	 * @return a factory of daemon threads
	 */
	private static ThreadFactory daemons(String name) {
		AtomicInteger number = new AtomicInteger();
		ClassLoader classLoader = Thread.currentThread().getContextClassLoader();
		return (task) -> {
			Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
			thread.setDaemon(true);
			thread.setContextClassLoader(classLoader);
			return thread;
		};
	}

	/**
	 * A pool that reuses an idle thread before it starts another, starts another before
	 * it lets a task wait, and lets a bounded number wait.
	 */
	private static final class ElasticPool extends ThreadPoolExecutor {

		ElasticPool(String name) {
			super(0, MAX_THREADS, 60, TimeUnit.SECONDS, new Handover(), daemons(name),
					(task, pool) -> ((ElasticPool) pool).letWait(task, MAX_WAITING_TASKS));
		}

		void executeWhateverWaits(Runnable task) {
			try {
				execute(task);
			}
			catch (RejectedExecutionException ex) {
				if (!isShutdown()) {
					letWait(task, Integer.MAX_VALUE);
				}
			}
		}

		private void letWait(Runnable task, int limit) {
			if (isShutdown()) {
				throw new RejectedExecutionException("The endpoint is closed");
			}
			if (getQueue().size() >= limit) {
				throw new RejectedExecutionException("More than " + limit + " tasks wait already");
			}
			((Handover) getQueue()).put(task);
		}

	}

	/**
	 * Takes a task only if a thread waits for it.
	 */
	private static final class Handover extends LinkedTransferQueue<Runnable> {

		@Override
		public boolean offer(Runnable task) {
			return tryTransfer(Objects.requireNonNull(task));
		}

	}

}
