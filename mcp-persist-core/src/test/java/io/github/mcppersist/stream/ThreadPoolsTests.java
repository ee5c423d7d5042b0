package io.github.mcppersist.stream;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

class ThreadPoolsTests {

	private static final Runnable NOTHING = () -> {
	};

	private static final Consumer<Throwable> NOBODY = (ex) -> {
		throw new AssertionError("refused", ex);
	};

	private final CountDownLatch gate = new CountDownLatch(1);

	private @Nullable ThreadPools threads;

	@AfterEach
	void close() {
		this.gate.countDown();
		threads().close();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void callsTheUsersExecutorOnAThreadOfItsOwn(boolean runsInTheCaller) throws Exception {
		CompletableFuture<Thread> caller = new CompletableFuture<>();
		create((task) -> {
			caller.complete(Thread.currentThread());
			if (runsInTheCaller) {
				task.run();
			}
		});
		CompletableFuture<Void> accepted = new CompletableFuture<>();

		threads().handle(this::waitAtTheGate, () -> accepted.complete(null), NOBODY);

		assertThat(caller.get(20, TimeUnit.SECONDS)).isNotSameAs(Thread.currentThread());
		accepted.get(20, TimeUnit.SECONDS);
	}

	@Test
	void runsWhatADeliveryTaskSubmitsBehindItOnTheSameThread() throws Exception {
		create(null);
		Executor delivery = threads().delivery();
		CompletableFuture<Thread> submitter = new CompletableFuture<>();
		CompletableFuture<Thread> submitted = new CompletableFuture<>();
		CompletableFuture<Boolean> behind = new CompletableFuture<>();

		delivery.execute(() -> {
			delivery.execute(() -> {
				throw new IllegalStateException("what comes behind this runs all the same");
			});
			delivery.execute(() -> {
				behind.complete(submitter.isDone());
				submitted.complete(Thread.currentThread());
			});
			submitter.complete(Thread.currentThread());
		});

		assertThat(behind.get(20, TimeUnit.SECONDS)).isTrue();
		assertThat(submitted.get(20, TimeUnit.SECONDS)).isSameAs(submitter.join());
	}

	@Test
	void takesATaskForWaitingThatTheUsersExecutorBlocksOn() throws Exception {
		create((task) -> waitAtTheGate());
		CompletableFuture<Void> accepted = new CompletableFuture<>();

		threads().handle(NOTHING, () -> accepted.complete(null), NOBODY);

		accepted.get(20, TimeUnit.SECONDS);
	}

	@Test
	void tellsThatTheUsersExecutorRefusesOrFails() throws Exception {
		for (Throwable failure : new Throwable[] { new RejectedExecutionException("full"),
				new IllegalStateException("closed"), new NoClassDefFoundError("Pool") }) {
			create((task) -> {
				throw ThreadPoolsTests.<RuntimeException>sneaky(failure);
			});
			CompletableFuture<Throwable> refused = new CompletableFuture<>();

			threads().handle(NOTHING, NOTHING, refused::complete);

			assertThat(refused.get(20, TimeUnit.SECONDS)).isSameAs(failure);
		}
	}

	@Test
	void letsTenThousandTasksWaitForFiveHundredThreadsAndRefusesMore() throws Exception {
		create(null);
		CountDownLatch running = new CountDownLatch(500);
		CountDownLatch accepted = new CountDownLatch(10_500);
		for (int i = 0; i < 500; i++) {
			threads().handle(() -> {
				running.countDown();
				waitAtTheGate();
			}, accepted::countDown, NOBODY);
		}
		running.await();
		CountDownLatch waited = new CountDownLatch(10_000);
		assertThat(threads().isFull()).isFalse();
		for (int i = 0; i < 10_000; i++) {
			threads().handle(waited::countDown, accepted::countDown, NOBODY);
		}
		CompletableFuture<Throwable> refused = new CompletableFuture<>();

		assertThat(threads().isFull()).isTrue();
		threads().handle(NOTHING, NOTHING, refused::complete);

		assertThat(refused.get(20, TimeUnit.SECONDS)).isInstanceOf(RejectedExecutionException.class);
		assertThat(accepted.await(20, TimeUnit.SECONDS)).isTrue();
		this.gate.countDown();
		assertThat(waited.await(20, TimeUnit.SECONDS)).isTrue();
		assertThat(threads().isFull()).isFalse();
	}

	@Test
	void letsATaskWaitIfNoMoreThreadsCanBeStarted() throws Exception {
		create(null);
		ThreadPools.ElasticPool pool = pool(1);
		pool.execute(this::waitAtTheGate);
		CompletableFuture<Void> done = new CompletableFuture<>();

		pool.execute(() -> done.complete(null));

		assertThat(done).isNotDone();
		this.gate.countDown();
		done.get(20, TimeUnit.SECONDS);
		pool.shutdown();
	}

	@Test
	void refusesATaskIfNoThreadCanBeStarted() {
		create(null);

		assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> pool(0).execute(NOTHING))
			.withCauseInstanceOf(OutOfMemoryError.class);
	}

	@Test
	void letsNoTaskWaitForOneThatBlocksHoweverManyWereQuick() throws Exception {
		create(null);
		for (int round = 0; round < 300; round++) {
			for (int i = 0; i < 20; i++) {
				threads().answer(NOTHING);
			}
			CountDownLatch together = new CountDownLatch(1 + round % 16);
			CountDownLatch done = new CountDownLatch(1 + round % 16);
			for (long i = together.getCount(); i > 0; i--) {
				threads().answer(() -> {
					together.countDown();
					if (awaits(together)) {
						done.countDown();
					}
				});
			}
			assertThat(awaits(done)).isTrue();
		}
	}

	@Test
	void takesATaskForEachThreadThatAsksAndNoMore() throws Exception {
		create(null);
		ThreadPools.Handover handover = new ThreadPools.Handover();
		assertThat(handover.offer(NOTHING)).isFalse();
		CompletableFuture<Runnable> first = ask(handover);
		CompletableFuture<Runnable> second = ask(handover);

		await().until(() -> handover.offer(NOTHING));
		await().until(() -> handover.offer(NOTHING));

		assertThat(handover.offer(NOTHING)).isFalse();
		assertThat(first.get(20, TimeUnit.SECONDS)).isSameAs(NOTHING);
		assertThat(second.get(20, TimeUnit.SECONDS)).isSameAs(NOTHING);
		assertThat(handover.offer(NOTHING)).isFalse();
	}

	@Test
	void takesNoTaskForAThreadThatHasGivenUp() throws Exception {
		create(null);
		ThreadPools.Handover handover = new ThreadPools.Handover();

		assertThat(handover.poll(0, TimeUnit.SECONDS)).isNull();
		assertThat(handover.offer(NOTHING)).isFalse();

		Thread.currentThread().interrupt();
		assertThatExceptionOfType(InterruptedException.class).isThrownBy(() -> handover.poll(1, TimeUnit.MINUTES));
		assertThat(handover.offer(NOTHING)).isFalse();
	}

	@Test
	void givesWhatWaitsToTheNextThreadThatAsks() throws Exception {
		create(null);
		ThreadPools.Handover handover = new ThreadPools.Handover();
		handover.put(NOTHING);

		assertThat(handover.poll(0, TimeUnit.SECONDS)).isSameAs(NOTHING);
		assertThat(handover.offer(NOTHING)).isFalse();
	}

	@Test
	void letsASenderGoOnThoughItIsClosed() throws Exception {
		create(null);
		threads().close();
		CompletableFuture<Thread> released = new CompletableFuture<>();

		threads().release(() -> released.complete(Thread.currentThread()));

		assertThat(released.get(20, TimeUnit.SECONDS)).isNotSameAs(Thread.currentThread())
			.satisfies((thread) -> assertThat(thread.isDaemon()).isTrue());
	}

	private static CompletableFuture<Runnable> ask(ThreadPools.Handover handover) {
		return CompletableFuture.supplyAsync(() -> {
			try {
				return handover.take();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}, (task) -> new Thread(task).start());
	}

	private static boolean awaits(CountDownLatch latch) {
		try {
			return latch.await(20, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			return false;
		}
	}

	private static ThreadPools.ElasticPool pool(int threads) {
		AtomicInteger left = new AtomicInteger(threads);
		return new ThreadPools.ElasticPool(0, (task) -> {
			if (left.getAndDecrement() <= 0) {
				throw new OutOfMemoryError("unable to create native thread");
			}
			return new Thread(task);
		}, "Advice");
	}

	private void create(@Nullable Executor users) {
		if (this.threads != null) {
			this.threads.close();
		}
		this.threads = new ThreadPools(users);
	}

	private ThreadPools threads() {
		if (this.threads == null) {
			throw new IllegalStateException("Not created");
		}
		return this.threads;
	}

	private void waitAtTheGate() {
		try {
			this.gate.await(60, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private static <T extends Throwable> T sneaky(Throwable failure) throws T {
		throw (T) failure;
	}

}
