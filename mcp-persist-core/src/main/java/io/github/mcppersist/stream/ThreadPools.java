package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;

/**
 * The threads of an endpoint that serves. They are daemons. Those that may block are
 * started when they are needed; if none can be, what is to be run waits for those that
 * there are, and is refused if there are none.
 */
public final class ThreadPools implements Threads {

	private static final Logger logger = LoggerFactory.getLogger(ThreadPools.class);

	private static final int MAX_THREADS = 500;

	private static final int MAX_WAITING_TASKS = 10_000;

	/**
	 * How long the user's executor may take to say whether it takes a task, before the
	 * task counts as one that waits.
	 */
	private static final Duration ACCEPTANCE = Duration.ofMillis(250);

	/**
	 * Spring's own, by name since there is no Spring here: it starts a thread for each
	 * task, so that it neither waits nor refuses nor runs anything itself.
	 */
	private static final String VIRTUAL_THREADS = "org.springframework.core.task.VirtualThreadTaskExecutor";

	private final ElasticPool handlers = new ElasticPool(0, daemons("mcp-persist-handler"),
			"Tools that wait for long, for their clients above all, are better run on virtual threads: "
					+ "spring.threads.virtual.enabled=true with Java 21 or later, or an executor of your own");

	private final ElasticPool answers = new ElasticPool(1, daemons("mcp-persist-answer"),
			"What asynchronous tools do with their clients' answers must not block for long");

	private final ElasticPool callbacks = new ElasticPool(0, daemons("mcp-persist-callback"),
			"What clients' notifications set off, such as the handler of changed roots, must not wait for long");

	private final @Nullable Executor usersHandlers;

	private final boolean usersReturnAtOnce;

	private final DeliveryPool delivery;

	private final ScheduledThreadPoolExecutor clock;

	/**
	 * Create the pools.
	 * @param usersHandlers what the user wants handlers to be run by, or {@code null} for
	 * the endpoint's own pool
	 */
	public ThreadPools(@Nullable Executor usersHandlers) {
		this.usersHandlers = usersHandlers;
		this.usersReturnAtOnce = usersHandlers != null && usersHandlers.getClass().getName().equals(VIRTUAL_THREADS);
		this.delivery = new DeliveryPool(Math.max(2, Runtime.getRuntime().availableProcessors()),
				daemons("mcp-persist-delivery"));
		this.clock = new ScheduledThreadPoolExecutor(1, daemons("mcp-persist-clock"));
		this.clock.setRemoveOnCancelPolicy(true);
		// Later there may be no thread to be had
		this.delivery.prestartAllCoreThreads();
		this.clock.prestartCoreThread();
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
	public Disposable deliverLater(Duration delay, Runnable task) {
		try {
			Future<?> due = this.clock.schedule(() -> deliver(task), delay.toMillis(), TimeUnit.MILLISECONDS);
			return () -> due.cancel(false);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on later, since the endpoint is closed");
			return Disposables.disposed();
		}
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
	public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		Executor users = this.usersHandlers;
		try {
			if (users == null) {
				this.handlers.execute(task);
				accepted.run();
			}
			else if (this.usersReturnAtOnce) {
				offer(users, task, accepted, refused);
			}
			else {
				Runnable started = () -> {
					accepted.run();
					task.run();
				};
				this.handlers.execute(() -> {
					// An executor that waits neither accepts nor refuses
					deliverLater(ACCEPTANCE, accepted);
					offer(users, started, accepted, refused);
				});
				if (this.handlers.isAnyWaiting()) {
					// This one, perhaps
					deliverLater(ACCEPTANCE, accepted);
				}
			}
		}
		catch (RejectedExecutionException ex) {
			refused.accept(ex);
		}
	}

	private static void offer(Executor users, Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		try {
			users.execute(task);
		}
		catch (Throwable ex) {
			// Whatever it is: the request won't be run
			refused.accept(ex);
			return;
		}
		accepted.run();
	}

	@Override
	public boolean isFull() {
		return this.handlers.isFull();
	}

	@Override
	public void answer(Runnable task) {
		this.answers.execute(task);
	}

	@Override
	public void callBack(Runnable task) {
		this.callbacks.execute(task);
	}

	@Override
	public void release(Runnable task) {
		this.answers.executeWhateverWaits(task);
	}

	@Override
	public void close() {
		this.clock.shutdownNow();
		this.answers.shutdown();
		this.callbacks.shutdown();
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
	 * A pool whose threads run themselves what their tasks submit, behind the task: to
	 * wake another thread takes longer than the tasks, none of which blocks.
	 */
	private static final class DeliveryPool extends ThreadPoolExecutor {

		private static final int MAX_IN_A_ROW = 32;

		private final ThreadLocal<@Nullable Queue<Runnable>> followUps = new ThreadLocal<>();

		DeliveryPool(int threads, ThreadFactory factory) {
			super(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
		}

		@Override
		public void execute(Runnable task) {
			Queue<Runnable> own = this.followUps.get();
			if (own == null || isShutdown()) {
				Queue<Runnable> tasks = new ArrayDeque<>();
				tasks.add(task);
				super.execute(() -> run(tasks));
			}
			else {
				own.add(task);
			}
		}

		private void run(Queue<Runnable> own) {
			this.followUps.set(own);
			try {
				for (int i = 0; i < MAX_IN_A_ROW || getQueue().isEmpty() || isShutdown(); i++) {
					Runnable task = own.poll();
					if (task == null) {
						return;
					}
					runSafely(task);
				}
			}
			finally {
				this.followUps.remove();
			}
			// Others wait, too
			try {
				super.execute(() -> run(own));
			}
			catch (RejectedExecutionException ex) {
				run(own);
			}
		}

		private static void runSafely(Runnable task) {
			try {
				task.run();
			}
			catch (Throwable ex) {
				// Whatever it is, what was submitted behind it must run
				logger.error("What goes on after a call of the store failed; please report this", ex);
			}
		}

	}

	/**
	 * A pool that reuses an idle thread before it starts another, starts another before
	 * it lets a task wait, and lets a bounded number wait.
	 */
	static final class ElasticPool extends ThreadPoolExecutor {

		private final AtomicInteger waiting = new AtomicInteger();

		private final AtomicBoolean warned = new AtomicBoolean();

		private final AtomicBoolean scarce = new AtomicBoolean();

		private final String advice;

		/**
		 * Create a pool.
		 * @param kept how many threads are there from the beginning, and stay
		 * @param threads starts them
		 * @param advice what to do if all are taken
		 */
		ElasticPool(int kept, ThreadFactory threads, String advice) {
			super(kept, MAX_THREADS, 60, TimeUnit.SECONDS, new Handover(), threads,
					(task, pool) -> ((ElasticPool) pool).letWait(task, MAX_WAITING_TASKS));
			this.advice = advice;
			prestartAllCoreThreads();
		}

		@Override
		public void execute(Runnable task) {
			try {
				super.execute(task);
			}
			catch (RejectedExecutionException ex) {
				throw ex;
			}
			catch (Throwable ex) {
				// The JVM says with an Error that it can't start a thread
				if (this.scarce.compareAndSet(false, true)) {
					logger.warn("No further thread can be started, so that more has to wait for the {} that there are. "
							+ "Raise what limits them, such as the number of processes of the container. Logged once",
							getPoolSize(), ex);
				}
				if (getPoolSize() == 0) {
					throw new RejectedExecutionException("No thread can be started", ex);
				}
				letWait(task, MAX_WAITING_TASKS);
			}
		}

		void executeWhateverWaits(Runnable task) {
			try {
				execute(task);
			}
			catch (RejectedExecutionException ex) {
				try {
					letWait(task, Integer.MAX_VALUE);
				}
				catch (RejectedExecutionException closed) {
					getThreadFactory().newThread(task).start();
				}
			}
		}

		boolean isFull() {
			return this.waiting.get() >= MAX_WAITING_TASKS;
		}

		boolean isAnyWaiting() {
			return this.waiting.get() > 0;
		}

		private void letWait(Runnable task, int limit) {
			if (isShutdown()) {
				throw new RejectedExecutionException("The endpoint is closed");
			}
			if (this.warned.compareAndSet(false, true)) {
				logger.warn("All {} threads are taken, and more has to wait. {}. Logged once", getPoolSize(),
						this.advice);
			}
			if (this.waiting.getAndUpdate((count) -> (count < limit) ? count + 1 : count) >= limit) {
				throw new RejectedExecutionException("More than " + limit + " tasks wait already");
			}
			Runnable waits = () -> {
				this.waiting.decrementAndGet();
				task.run();
			};
			((Handover) getQueue()).put(waits);
			if (isShutdown() && remove(waits)) {
				// Maybe there is no thread any more that would ask for it
				throw new RejectedExecutionException("The endpoint is closed");
			}
		}

	}

	/**
	 * Takes a task only if a thread asks for one that no other task is to have. To wake a
	 * thread takes longer than most tasks do. So one is woken at a time, which wakes the
	 * next if there is more, and those that are awake take meanwhile what they find. A
	 * task that blocks holds none up: the thread that was woken is still to come. Not
	 * final, so that its test can run it a step at a time.
	 */
	static class Handover extends LinkedTransferQueue<Runnable> {

		/**
		 * Threads that ask for a task, less the tasks that are theirs.
		 */
		private final AtomicInteger free = new AtomicInteger();

		private final AtomicBoolean waking = new AtomicBoolean();

		private final Semaphore woken;

		Handover() {
			this(new Semaphore(0));
		}

		/**
		 * Create a handover.
		 * @param woken has a permit for the thread that is woken; none at first
		 */
		Handover(Semaphore woken) {
			this.woken = woken;
		}

		@Override
		public boolean offer(Runnable task) {
			if (!takeFree()) {
				return false;
			}
			hand(task);
			return true;
		}

		/**
		 * Let a task wait for the next thread that asks.
		 */
		@Override
		public void put(Runnable task) {
			this.free.decrementAndGet();
			hand(task);
		}

		private void hand(Runnable task) {
			append(task);
			wakeOne();
		}

		/**
		 * Add a task behind the others, and tell nobody.
		 * @param task the task
		 */
		void append(Runnable task) {
			super.put(task);
		}

		@Override
		public Runnable take() throws InterruptedException {
			Runnable task;
			do {
				task = poll(1, TimeUnit.DAYS);
			}
			while (task == null);
			return task;
		}

		@Override
		public @Nullable Runnable poll(long timeout, TimeUnit unit) throws InterruptedException {
			this.free.incrementAndGet();
			while (true) {
				Runnable task = poll();
				if (task != null) {
					if (!isEmpty()) {
						wakeOne();
					}
					return task;
				}
				if (awaitWoken(timeout, unit)) {
					// Before it looks: whoever adds a task behind that wakes another one
					this.waking.set(false);
				}
				else if (takeFree()) {
					return null;
				}
			}
		}

		private boolean awaitWoken(long timeout, TimeUnit unit) throws InterruptedException {
			try {
				return this.woken.tryAcquire(timeout, unit);
			}
			catch (InterruptedException ex) {
				this.free.decrementAndGet();
				throw ex;
			}
		}

		private boolean takeFree() {
			return this.free.getAndUpdate((count) -> (count > 0) ? count - 1 : count) > 0;
		}

		private void wakeOne() {
			if (this.waking.compareAndSet(false, true)) {
				this.woken.release();
			}
		}

	}

}
