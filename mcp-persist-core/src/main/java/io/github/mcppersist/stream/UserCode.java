package io.github.mcppersist.stream;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Schedulers;

/**
 * The user's code that runs for one request, on whichever threads: that which began it,
 * and those of Reactor's schedulers that carry it on. It can be stopped, which interrupts
 * it and disposes what is left of it, but never while one of its threads is in our code:
 * an interrupted thread can't write to a connection. And whatever it throws on one of its
 * threads is told, also what Reactor takes for fatal and signals to nobody.
 */
public abstract class UserCode {

	private static final Logger logger = LoggerFactory.getLogger(UserCode.class);

	private static final ThreadLocal<@Nullable Visit> CURRENT = new ThreadLocal<>();

	/**
	 * The name is this class loader's: another one's must not take the place of this.
	 */
	private static final ScheduleHook HOOK = new ScheduleHook(
			UserCode.class.getName() + '@' + System.identityHashCode(UserCode.class), UserCode::carriedOn);

	private final Executor delivery;

	/**
	 * The thread that began it, while it hasn't returned.
	 */
	private @Nullable Thread thread;

	private boolean interrupted;

	/**
	 * The threads that run it now.
	 */
	private final Set<Thread> running = new HashSet<>();

	/**
	 * How many of its threads are in our code.
	 */
	private int inside;

	/**
	 * Whether it is to be stopped; read anywhere.
	 */
	private volatile boolean stopping;

	private boolean over;

	/**
	 * Create it.
	 * @param delivery runs our code in place of a thread that may be interrupted
	 */
	protected UserCode(Executor delivery) {
		this.delivery = delivery;
	}

	/**
	 * Follow the user's code from now on to whichever of Reactor's schedulers it goes on.
	 * To be called before any is run, and once for each {@link #followNoMore()}.
	 */
	public static void follow() {
		HOOK.add();
	}

	/**
	 * Follow it no more, unless others do. Reactor then knows nothing of this class,
	 * which an application that is undeployed takes along.
	 */
	public static void followNoMore() {
		HOOK.remove();
	}

	/**
	 * Cancel what goes on after the thread that began it has returned. Called on a thread
	 * that may run the user's code, or not for long; maybe more than once.
	 */
	protected abstract void dispose();

	/**
	 * It has thrown something that was signalled to nobody.
	 * @param ex what it has thrown
	 */
	protected abstract void failed(Throwable ex);

	/**
	 * Run the beginning on this thread, unless it was stopped before.
	 * @param task what to run
	 */
	protected final void begin(Runnable task) {
		synchronized (this) {
			if (this.stopping) {
				return;
			}
			this.thread = Thread.currentThread();
		}
		run(task);
		boolean dispose;
		synchronized (this) {
			this.thread = null;
			dispose = this.stopping && this.inside == 0;
			if (this.interrupted) {
				// Of no use to whatever this thread does next
				Thread.interrupted();
			}
		}
		if (dispose) {
			dispose();
		}
	}

	/**
	 * Carry it on, on this thread.
	 * @param task a part of the user's code, or what leads to it
	 */
	protected final void run(Runnable task) {
		// Even if a class is missing, or the stack is full: somebody waits
		run(task, (ex) -> true);
	}

	private void run(Runnable task, Predicate<Throwable> untold) {
		Visit before = CURRENT.get();
		CURRENT.set(new Visit(this));
		boolean entered = startsOn(Thread.currentThread());
		try {
			task.run();
		}
		catch (Throwable ex) {
			if (!untold.test(ex)) {
				throw ex;
			}
			logger.error("A request's handler has thrown what can't be signalled", ex);
			failed(ex);
		}
		finally {
			if (entered) {
				endsOn(Thread.currentThread());
			}
			restore(before);
		}
	}

	private synchronized boolean startsOn(Thread thread) {
		return this.running.add(thread);
	}

	private synchronized void endsOn(Thread thread) {
		this.running.remove(thread);
	}

	/**
	 * Say whether nothing of it gets on by itself: each of its threads has returned, or
	 * waits for something. Threads that are neither the one that began it nor of
	 * Reactor's schedulers aren't known.
	 * @return whether none of its threads runs
	 */
	protected final synchronized boolean isWaiting() {
		return this.running.stream()
			.map(Thread::getState)
			.allMatch((state) -> state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING);
	}

	/**
	 * Stop it, now or as soon as none of its threads is in our code.
	 * @return whether it was to be stopped for the first time, and wasn't over
	 */
	protected final boolean stop() {
		boolean dispose;
		synchronized (this) {
			if (this.stopping || this.over) {
				return false;
			}
			this.stopping = true;
			dispose = interrupt();
		}
		if (dispose) {
			dispose();
		}
		return true;
	}

	/**
	 * Note that there is nothing left to stop, unless it is to be stopped already.
	 * @return whether it can't be stopped from now on
	 */
	protected final synchronized boolean end() {
		this.over = !this.stopping;
		return this.over;
	}

	/**
	 * Say whether nothing is left to stop.
	 * @return whether {@link #end()} came before {@link #stop()}
	 */
	protected final synchronized boolean isOver() {
		return this.over;
	}

	/**
	 * Say whether it is to be stopped.
	 * @return whether nothing is to be expected of it
	 */
	protected final boolean isStopping() {
		return this.stopping;
	}

	/**
	 * Run what is ours on a thread of the user's code: it isn't interrupted meanwhile.
	 * Runs elsewhere, and maybe later, if it is being stopped already.
	 * @param task what to run
	 */
	static void leave(Runnable task) {
		Visit visit = CURRENT.get();
		if (visit == null || visit.left) {
			task.run();
		}
		else {
			visit.code.shield(visit, task);
		}
	}

	/**
	 * Run something behind what is ours and runs now, if that is on a thread of the
	 * user's code: the thread is there, may be held up, and isn't interrupted yet.
	 * @param task what to run
	 * @return whether it is run so, and not at all if not
	 */
	static boolean behind(Runnable task) {
		Visit visit = CURRENT.get();
		if (visit == null || !visit.left) {
			return false;
		}
		visit.behind.add(task);
		return true;
	}

	private void shield(Visit visit, Runnable task) {
		if (!enter()) {
			runElsewhere(task);
			return;
		}
		boolean interruptedBefore = Thread.interrupted();
		visit.left = true;
		try {
			task.run();
			for (Runnable next = visit.behind.poll(); next != null; next = visit.behind.poll()) {
				runBehind(next);
			}
		}
		finally {
			visit.left = false;
			if (interruptedBefore) {
				Thread.currentThread().interrupt();
			}
			returned();
		}
	}

	private void runBehind(Runnable task) {
		if (Thread.currentThread().isInterrupted()) {
			// By somebody else, such as the user's executor
			runElsewhere(task);
			return;
		}
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("What goes on after a change of state failed; please report this", ex);
		}
	}

	private void runElsewhere(Runnable task) {
		try {
			this.delivery.execute(task);
		}
		catch (RejectedExecutionException ex) {
			// Closed, and so are the connections
			task.run();
		}
	}

	private synchronized boolean enter() {
		if (this.stopping) {
			return false;
		}
		this.inside++;
		return true;
	}

	private void returned() {
		boolean dispose;
		synchronized (this) {
			this.inside--;
			dispose = this.stopping && interrupt();
		}
		if (dispose) {
			dispose();
		}
	}

	/**
	 * Interrupt the thread that began it, if it can be.
	 * @return whether there is none, so that the rest is to be disposed now
	 */
	private boolean interrupt() {
		if (this.inside > 0) {
			return false;
		}
		if (this.thread != null) {
			this.interrupted = true;
			this.thread.interrupt();
			return false;
		}
		return true;
	}

	private static Runnable carriedOn(Runnable task) {
		Visit visit = CURRENT.get();
		return (visit != null && !visit.left) ? () -> visit.code.goOn(task) : task;
	}

	// What a task of its own throws is Reactor's to tell, and not of the request: but for
	// what would have been signalled to it, and can't be
	private void goOn(Runnable task) {
		run(task, (ex) -> ex instanceof VirtualMachineError || ex instanceof LinkageError);
	}

	private static void restore(@Nullable Visit before) {
		if (before != null) {
			CURRENT.set(before);
		}
		else {
			CURRENT.remove();
		}
	}

	/**
	 * A thread that is in the user's code, and leaves it for ours now and then.
	 */
	private static final class Visit {

		private final UserCode code;

		private final Queue<Runnable> behind = new ArrayDeque<>(2);

		private boolean left;

		Visit(UserCode code) {
			this.code = code;
		}

	}

	/**
	 * A hook of Reactor's that is there while somebody wants it: Reactor's own thread
	 * pools are the whole JVM's, and so are their hooks.
	 */
	static final class ScheduleHook {

		private final String name;

		private final Function<Runnable, Runnable> hook;

		private int wanted;

		ScheduleHook(String name, Function<Runnable, Runnable> hook) {
			this.name = name;
			this.hook = hook;
		}

		void add() {
			synchronized (this) {
				if (this.wanted++ == 0) {
					Schedulers.onScheduleHook(this.name, this.hook);
				}
			}
		}

		void remove() {
			synchronized (this) {
				if (--this.wanted == 0) {
					Schedulers.resetOnScheduleHook(this.name);
				}
			}
		}

	}

}
