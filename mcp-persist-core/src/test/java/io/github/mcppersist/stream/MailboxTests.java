package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Mailbox}; what it does with several threads is in
 * {@link MailboxInterleavingTests}.
 */
class MailboxTests {

	private final Mailbox mailbox = new Mailbox();

	private final List<String> ran = new ArrayList<>();

	@Test
	void runsATaskOnTheThreadThatBringsItBeforeItReturns() {
		List<Thread> threads = new ArrayList<>();

		this.mailbox.execute(() -> threads.add(Thread.currentThread()));

		assertThat(threads).containsExactly(Thread.currentThread());
	}

	@Test
	void runsATaskThatATaskBringsBehindIt() {
		this.mailbox.execute(() -> {
			this.mailbox.execute(() -> this.ran.add("second"));
			this.ran.add("first");
		});

		assertThat(this.ran).containsExactly("first", "second");
	}

	@Test
	void doesNotLetAThreadWaitForTheTaskOfAnother() throws InterruptedException {
		CountDownLatch running = new CountDownLatch(1);
		CountDownLatch mayEnd = new CountDownLatch(1);
		Thread other = new Thread(() -> this.mailbox.execute(() -> {
			running.countDown();
			await(mayEnd);
			this.ran.add("first");
		}));
		other.start();
		await(running);

		this.mailbox.execute(() -> this.ran.add("second, on " + Thread.currentThread().getName()));

		mayEnd.countDown();
		other.join();
		assertThat(this.ran).containsExactly("first", "second, on " + other.getName());
	}

	private static void await(CountDownLatch latch) {
		try {
			latch.await();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
