package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventStore;

/**
 * What all streams of one endpoint share: the store, the options and the threads. The
 * endpoint that creates it closes it.
 * <ul>
 * <li><em>handlers</em> run the user's code: one task a request, which may block.</li>
 * <li><em>answers</em> run what a client's answer or notification sets off; a pool of its
 * own, since handlers wait for them.</li>
 * <li><em>delivery</em> carries on after each call of the store, so that nothing runs on
 * the store's threads. Never blocks.</li>
 * <li><em>clock</em> only starts things on the delivery threads.</li>
 * </ul>
 */
final class EndpointRuntime implements AutoCloseable {

	private static final Logger logger = LoggerFactory.getLogger(EndpointRuntime.class);

	private static final Duration CENTURY = Duration.ofDays(36_500);

	private static final int MAX_HANDLER_THREADS = 500;

	private static final int MAX_WAITING_TASKS = 10_000;

	/**
	 * How many streams' worth of unstored events the whole endpoint keeps in memory.
	 */
	private static final int MAX_UNSTORED_STREAMS = 16;

	private final EventStore store;

	private final StreamableHttpOptions options;

	private final Executor handlers;

	private final @Nullable ExecutorService ownHandlers;

	private final ExecutorService answers;

	private final ExecutorService delivery;

	private final ScheduledExecutorService clock;

	private final Set<SseConnection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicLong unstoredBytes = new AtomicLong();

	EndpointRuntime(EventStore store, StreamableHttpOptions options, @Nullable Executor handlers) {
		this.store = store;
		this.options = options;
		this.ownHandlers = (handlers != null) ? null : elasticPool("mcp-persist-handler");
		this.handlers = (handlers != null) ? handlers : Objects.requireNonNull(this.ownHandlers);
		this.answers = elasticPool("mcp-persist-answer");
		this.delivery = Executors.newFixedThreadPool(Math.max(2, Runtime.getRuntime().availableProcessors()),
				daemons("mcp-persist-delivery"));
		ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, daemons("mcp-persist-clock"));
		clock.setRemoveOnCancelPolicy(true);
		this.clock = clock;
	}

	/**
	 * Return a duration in nanoseconds, and a century for one that is longer.
	 * @param duration the duration
	 * @return the nanoseconds
	 */
	static long nanos(Duration duration) {
		return (duration.compareTo(CENTURY) < 0) ? duration.toNanos() : CENTURY.toNanos();
	}

	EventStore store() {
		return this.store;
	}

	StreamableHttpOptions options() {
		return this.options;
	}

	Set<SseConnection> connections() {
		return this.connections;
	}

	/**
	 * Run the user's code for a request.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many requests run and wait already
	 */
	void handle(Runnable task) {
		this.handlers.execute(task);
	}

	/**
	 * Run what a client's answer or notification sets off.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void answer(Runnable task) {
		this.answers.execute(task);
	}

	/**
	 * Let a sender go on that waited for the store, where its code may block.
	 * @param task what lets it go on
	 */
	void resume(Runnable task) {
		try {
			this.answers.execute(task);
		}
		catch (RejectedExecutionException ex) {
			task.run();
		}
	}

	/**
	 * Carry on with a stream off the calling thread.
	 * @param mailbox the owner of the stream's state
	 * @param task what to do
	 */
	void deliver(Mailbox mailbox, Runnable task) {
		try {
			this.delivery.execute(() -> mailbox.execute(task));
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on, since the endpoint is closed");
		}
	}

	/**
	 * Carry on with a stream later.
	 * @param mailbox the owner of the stream's state
	 * @param delay how much later
	 * @param task what to do
	 */
	void deliverLater(Mailbox mailbox, Duration delay, Runnable task) {
		try {
			this.clock.schedule(() -> deliver(mailbox, task), delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on later, since the endpoint is closed");
		}
	}

	/**
	 * Do something again and again on a delivery thread, the first time after one period.
	 * @param period the time from one start to the next
	 * @param task what to do
	 */
	void repeat(Duration period, Runnable task) {
		Mailbox turns = new Mailbox();
		this.clock.scheduleAtFixedRate(() -> deliver(turns, task), period.toMillis(), period.toMillis(),
				TimeUnit.MILLISECONDS);
	}

	/**
	 * Count bytes of events that the store hasn't acknowledged.
	 * @param bytes how many more, or fewer if negative
	 * @return whether the endpoint as a whole keeps no more than it should
	 */
	boolean countUnstored(long bytes) {
		long limit = (long) MAX_UNSTORED_STREAMS * this.options.maxUnstoredBytes();
		return this.unstoredBytes.addAndGet(bytes) <= limit;
	}

	@Override
	public void close() {
		this.clock.shutdownNow();
		this.answers.shutdown();
		if (this.ownHandlers != null) {
			this.ownHandlers.shutdown();
		}
		this.delivery.shutdown();
	}

	/**
	 * A pool that reuses an idle thread before it starts another, starts another before
	 * it lets a task wait, and lets a bounded number wait.
	 * @param name what its threads are called
	 * @return the pool
	 */
	private static ExecutorService elasticPool(String name) {
		LinkedTransferQueue<Runnable> tasks = new LinkedTransferQueue<>() {
			@Override
			public boolean offer(Runnable task) {
				return tryTransfer(task);
			}
		};
		return new ThreadPoolExecutor(0, MAX_HANDLER_THREADS, 60, TimeUnit.SECONDS, tasks, daemons(name),
				(task, pool) -> {
					if (pool.isShutdown() || tasks.size() >= MAX_WAITING_TASKS) {
						throw new RejectedExecutionException("More than " + MAX_WAITING_TASKS + " tasks wait already");
					}
					tasks.put(task);
				});
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

}
