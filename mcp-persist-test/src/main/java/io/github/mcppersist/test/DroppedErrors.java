package io.github.mcppersist.test;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import reactor.core.publisher.Hooks;
import reactor.core.scheduler.Schedulers;

/**
 * Fails tests after which somebody's error had nobody to tell. Reactor only logs such an
 * error, and a log that nobody reads is silence. JUnit finds this extension by itself, in
 * all modules. An error fails the test that runs when it comes, or the class; one that
 * comes after the last class fails the run, or else ends the JVM with a failure.
 */
public final class DroppedErrors implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {

	private static final Queue<AssertionError> DROPPED = new ConcurrentLinkedQueue<>();

	private static boolean listening;

	@Override
	public void beforeAll(ExtensionContext context) {
		listen();
		context.getRoot()
			.getStore(ExtensionContext.Namespace.create(DroppedErrors.class))
			.getOrComputeIfAbsent(Rest.class);
	}

	@Override
	public void afterEach(ExtensionContext context) {
		throwDropped();
	}

	@Override
	public void afterAll(ExtensionContext context) {
		throwDropped();
	}

	private static synchronized void listen() {
		if (listening) {
			return;
		}
		listening = true;
		Hooks.onErrorDropped(DroppedErrors::dropped);
		Schedulers.onHandleError((thread, error) -> dropped(error));
		Runtime.getRuntime().addShutdownHook(new Thread(DroppedErrors::failJvm));
	}

	private static void dropped(Throwable error) {
		DROPPED.add(new AssertionError("Nobody was told on thread " + Thread.currentThread().getName() + ": " + error,
				error));
	}

	private static void throwDropped() {
		AssertionError first = DROPPED.poll();
		if (first != null) {
			for (AssertionError next = DROPPED.poll(); next != null; next = DROPPED.poll()) {
				first.addSuppressed(next);
			}
			throw first;
		}
	}

	// The results are reported by now, so the exit code is all that is left to say it
	// with
	private static void failJvm() {
		try {
			throwDropped();
		}
		catch (AssertionError ex) {
			ex.printStackTrace();
			Runtime.getRuntime().halt(1);
		}
	}

	/**
	 * What came after the last class: JUnit closes this when the run ends.
	 */
	static final class Rest implements AutoCloseable {

		@Override
		public void close() {
			throwDropped();
		}

	}

}
