package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a {@link Mailbox} promises, in every order that the steps of a few threads can
 * have.
 */
class MailboxInterleavingTests {

	private final Logger logger = (Logger) LoggerFactory.getLogger(Mailbox.class);

	private final Interleavings interleavings = new Interleavings();

	@BeforeEach
	void silenceTheMailbox() {
		// It logs the tasks that throw
		this.logger.setLevel(Level.OFF);
	}

	@AfterEach
	void close() {
		this.logger.setLevel(null);
		this.interleavings.close();
	}

	@Test
	void runsEachTaskOnceInOrderAndNoTwoAtATimeForThreeThreads() {
		int orders = explore(Mailbox::new, "a", "b", "c");

		assertThat(orders).isGreaterThan(100);
	}

	@Test
	void runsEachTaskOnceInOrderAndNoTwoAtATimeForThreadsWithSeveralTasks() {
		int orders = explore(Mailbox::new, "ab", "c");

		assertThat(orders).isGreaterThan(100);
	}

	@Test
	void runsTheTasksBehindOneThatThrows() {
		int orders = explore(Mailbox::new, "!a", "!b");

		assertThat(orders).isGreaterThan(100);
	}

	@Test
	void runsTheTasksThatTasksSubmit() {
		// Upper case: a task that submits one
		int orders = explore(Mailbox::new, "Aa", "B");

		assertThat(orders).isGreaterThan(100);
	}

	@Test
	void findsATaskThatIsLeftBehind() {
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> explore(ForgetfulMailbox::new, "a", "b"))
			.withMessageContaining("ran");
	}

	/**
	 * Run the tasks of some threads in all orders.
	 * @param mailbox creates the mailbox on a queue
	 * @param threads the tasks of each thread, a letter each
	 * @return how many orders there are
	 */
	private int explore(Function<Queue<Runnable>, Executor> mailbox, String... threads) {
		return this.interleavings.explore(() -> new Trial(mailbox, threads).programs());
	}

	/**
	 * One order of the steps.
	 */
	private final class Trial {

		private final List<String> submitted = new ArrayList<>();

		private final List<String> ran = new ArrayList<>();

		private final AtomicBoolean running = new AtomicBoolean();

		private final Executor mailbox;

		private final String[] threads;

		private boolean overlapped;

		Trial(Function<Queue<Runnable>, Executor> mailbox, String... threads) {
			this.mailbox = mailbox.apply(new SteppedQueue());
			this.threads = threads;
		}

		Interleavings.Programs programs() {
			List<Runnable> programs = new ArrayList<>();
			for (String tasks : this.threads) {
				programs.add(() -> tasks.chars().forEach((task) -> submit(Character.toString(task))));
			}
			return new Interleavings.Programs(programs, () -> {
				assertThat(this.ran).as("ran").isEqualTo(this.submitted);
				assertThat(this.overlapped).as("two at a time").isFalse();
			});
		}

		private void submit(String task) {
			this.mailbox.execute(new Named(task, () -> run(task)));
		}

		private void run(String task) {
			this.overlapped |= !this.running.compareAndSet(false, true);
			MailboxInterleavingTests.this.interleavings.step();
			this.ran.add(task);
			if (Character.isUpperCase(task.charAt(0))) {
				submit("from " + task);
				assertThat(this.ran).as("ran inside of another").doesNotContain("from " + task);
			}
			this.running.set(false);
			MailboxInterleavingTests.this.interleavings.step();
			if (task.equals("!")) {
				throw new IllegalStateException("Thrown by a task");
			}
		}

		private final class SteppedQueue extends ConcurrentLinkedQueue<Runnable> {

			@Override
			public boolean add(Runnable task) {
				// What comes before it is nobody else's business
				Trial.this.submitted.add(((Named) task).name());
				super.add(task);
				MailboxInterleavingTests.this.interleavings.step();
				return true;
			}

			@Override
			public Runnable poll() {
				MailboxInterleavingTests.this.interleavings.step();
				Runnable task = super.poll();
				if (task == null) {
					MailboxInterleavingTests.this.interleavings.step();
				}
				return task;
			}

		}

	}

	private record Named(String name, Runnable task) implements Runnable {

		@Override
		public void run() {
			this.task.run();
		}

	}

	/**
	 * A mailbox as one would write it at first: between its last look into the queue and
	 * its word that it has stopped, a task may come.
	 */
	private static final class ForgetfulMailbox implements Executor {

		private final Queue<Runnable> tasks;

		private final AtomicBoolean draining = new AtomicBoolean();

		ForgetfulMailbox(Queue<Runnable> tasks) {
			this.tasks = tasks;
		}

		@Override
		public void execute(Runnable task) {
			this.tasks.add(task);
			if (this.draining.compareAndSet(false, true)) {
				for (Runnable next = this.tasks.poll(); next != null; next = this.tasks.poll()) {
					next.run();
				}
				this.draining.set(false);
			}
		}

	}

}
