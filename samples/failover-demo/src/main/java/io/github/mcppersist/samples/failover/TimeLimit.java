package io.github.mcppersist.samples.failover;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An end to every wait: what may hang runs on a thread of its own, which is given up when
 * the time is over.
 */
final class TimeLimit {

	private TimeLimit() {
	}

	/**
	 * Run a task, but wait for it only so long.
	 * @param <T> the type of the result
	 * @param limit how long to wait
	 * @param what the task in words
	 * @param task the task
	 * @return its result
	 * @throws TimeoutException if the time is over; the task's thread is interrupted
	 * @throws Exception what the task threw
	 */
	static <T> T within(Duration limit, String what, Callable<T> task) throws Exception {
		FutureTask<T> future = new FutureTask<>(task);
		Thread thread = new Thread(future, what);
		thread.setDaemon(true);
		thread.start();
		try {
			return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (TimeoutException ex) {
			throw new TimeoutException(what + " took longer than " + limit.toSeconds() + " s");
		}
		catch (ExecutionException ex) {
			throw (ex.getCause() instanceof Exception cause) ? cause : ex;
		}
		finally {
			future.cancel(true);
		}
	}

}
