package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

class UserCodeTests {

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final Mailbox mailbox = new Mailbox();

	@BeforeEach
	void follow() {
		UserCode.follow();
	}

	@AfterEach
	void stop() {
		UserCode.followNoMore();
		this.threads.shutdownNow();
	}

	@Test
	void leavesNoHookBehindOnceNobodyWantsIt() {
		UserCode.ScheduleHook hook = new UserCode.ScheduleHook("test-" + UUID.randomUUID(), (task) -> () -> {
		});
		Runnable task = () -> {
		};

		hook.add();
		hook.add();
		hook.remove();
		assertThat(Schedulers.onSchedule(task)).isNotSameAs(task);

		hook.remove();
		assertThat(Schedulers.onSchedule(task)).isSameAs(task);
	}

	@Test
	void interruptsItsThread() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Boolean> interrupted = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			this.threads.execute(code::stop);
			interrupted.complete(sleptUntilInterrupted());
		}));

		assertThat(interrupted.get(20, TimeUnit.SECONDS)).isTrue();
		assertThat(code.disposed.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void isInterruptedOnlyWhenItHasLeftOurCode() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Boolean> inside = new CompletableFuture<>();
		CompletableFuture<Boolean> outside = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			this.mailbox.execute(() -> {
				assertThat(code.stop()).isTrue();
				inside.complete(Thread.currentThread().isInterrupted());
			});
			outside.complete(Thread.currentThread().isInterrupted());
		}));

		assertThat(inside.get(20, TimeUnit.SECONDS)).isFalse();
		assertThat(outside.get(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void bringsNoInterruptIntoOurCode() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Boolean> inside = new CompletableFuture<>();
		CompletableFuture<Boolean> outside = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			Thread.currentThread().interrupt();
			this.mailbox.execute(() -> inside.complete(Thread.currentThread().isInterrupted()));
			outside.complete(Thread.interrupted());
		}));

		assertThat(inside.get(20, TimeUnit.SECONDS)).isFalse();
		assertThat(outside.get(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void leavesOurCodeToOthersOnceItIsStopped() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Thread> ours = new CompletableFuture<>();
		CompletableFuture<Thread> users = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			code.stop();
			this.mailbox.execute(() -> ours.complete(Thread.currentThread()));
			users.complete(Thread.currentThread());
		}));

		assertThat(ours.get(20, TimeUnit.SECONDS)).isNotSameAs(users.get(20, TimeUnit.SECONDS));
	}

	@Test
	void doesWhatIsBehindAStepOnItsThreadOnceTheMailboxIsFree() throws Exception {
		Recorded code = new Recorded(this.threads);
		List<String> steps = new ArrayList<>();
		CompletableFuture<Thread> behind = new CompletableFuture<>();
		CompletableFuture<Thread> users = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			Thread.currentThread().interrupt();
			this.mailbox.execute(() -> {
				assertThat(UserCode.behind(() -> {
					steps.add("inside " + this.mailbox.isInside() + ", interrupted " + Thread.interrupted());
					assertThat(code.stop()).isTrue();
					steps.add("interrupted " + Thread.currentThread().isInterrupted());
					behind.complete(Thread.currentThread());
				})).isTrue();
				steps.add("step");
			});
			users.complete(Thread.currentThread());
		}));

		assertThat(behind.get(20, TimeUnit.SECONDS)).isSameAs(users.get(20, TimeUnit.SECONDS));
		assertThat(steps).containsExactly("step", "inside false, interrupted false", "interrupted false");
	}

	@Test
	void leavesWhatIsBehindAStepToOthersIfSomebodyHasInterruptedItsThread() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Thread> behind = new CompletableFuture<>();
		CompletableFuture<Thread> users = new CompletableFuture<>();

		this.threads.execute(() -> code.begin(() -> {
			this.mailbox.execute(() -> {
				UserCode.behind(() -> behind.complete(Thread.currentThread()));
				Thread.currentThread().interrupt();
			});
			users.complete(Thread.currentThread());
		}));

		assertThat(behind.get(20, TimeUnit.SECONDS)).isNotSameAs(users.get(20, TimeUnit.SECONDS));
	}

	@Test
	void doesNothingBehindWhatIsNotOurs() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Boolean> users = new CompletableFuture<>();
		Runnable task = () -> users.completeExceptionally(new IllegalStateException("It was done"));

		CompletableFuture<Boolean> others = new CompletableFuture<>();
		this.mailbox.execute(() -> others.complete(UserCode.behind(task)));
		this.threads.execute(() -> code.begin(() -> users.complete(UserCode.behind(task))));

		assertThat(others).isCompletedWithValue(false);
		assertThat(users.get(20, TimeUnit.SECONDS)).isFalse();
	}

	@Test
	void givesItsThreadBackWithoutTheInterrupt() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Boolean> after = new CompletableFuture<>();

		this.threads.execute(() -> {
			code.begin(code::stop);
			after.complete(Thread.currentThread().isInterrupted());
		});

		assertThat(after.get(20, TimeUnit.SECONDS)).isFalse();
	}

	@Test
	void doesNotBeginOnceItIsStopped() {
		Recorded code = new Recorded(this.threads);

		assertThat(code.stop()).isTrue();
		code.begin(() -> {
			throw new IllegalStateException("It has begun");
		});

		assertThat(code.failure).isNotCompleted();
		assertThat(code.stop()).isFalse();
	}

	@Test
	void isNotStoppedWhenItIsOver() {
		Recorded code = new Recorded(this.threads);

		assertThat(code.end()).isTrue();

		assertThat(code.stop()).isFalse();
		assertThat(code.disposed.getCount()).isOne();
	}

	@Test
	void tellsWhatIsThrownOnTheThreadsThatCarryItOn() throws Exception {
		Recorded code = new Recorded(this.threads);

		code.begin(() -> Schedulers.boundedElastic().schedule(() -> Schedulers.parallel().schedule(() -> {
			throw new NoClassDefFoundError("com/example/Driver");
		})));

		assertThat(code.failure.get(20, TimeUnit.SECONDS)).isInstanceOf(NoClassDefFoundError.class);
	}

	@Test
	void leavesToReactorWhatATaskOfItsOwnThrows() throws Exception {
		Recorded code = new Recorded(this.threads);
		CompletableFuture<Throwable> told = new CompletableFuture<>();
		Schedulers.onHandleError((thread, ex) -> told.complete(ex));
		try {
			code.begin(() -> Schedulers.boundedElastic().schedule(() -> {
				throw new IllegalStateException("not of the request");
			}));

			assertThat(told.get(20, TimeUnit.SECONDS)).hasMessage("not of the request");
			assertThat(code.failure).isNotDone();
		}
		finally {
			Schedulers.resetOnHandleError();
		}
	}

	private static boolean sleptUntilInterrupted() {
		try {
			return new CountDownLatch(1).await(20, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			return true;
		}
	}

	private static final class Recorded extends UserCode {

		private final CompletableFuture<Throwable> failure = new CompletableFuture<>();

		private final CountDownLatch disposed = new CountDownLatch(1);

		Recorded(Executor delivery) {
			super(delivery);
		}

		@Override
		protected void dispose() {
			this.disposed.countDown();
		}

		@Override
		protected void failed(Throwable ex) {
			this.failure.complete(ex);
		}

	}

}
