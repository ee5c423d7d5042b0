package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.Interleavings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What {@link Uses} promise, in every order that the steps of a few threads can have: a
 * session that is let go isn't used and has nothing to store, nobody is refused one that
 * is held, and no use is overlooked when its expiry is put off.
 */
class UsesInterleavingTests {

	private final Interleavings interleavings = new Interleavings();

	@AfterEach
	void close() {
		this.interleavings.close();
	}

	@Test
	void letGoOnlyWhatIsIdleAndRefuseNothingElse() {
		assertThat(explore(Subject::of, 1, 1)).isGreaterThan(10);
	}

	@Test
	void letGoOnlyWhatIsIdleThoughTwoTryIt() {
		assertThat(explore(Subject::of, 1, 2)).isGreaterThan(500);
	}

	@Test
	void letGoOnlyWhatIsIdleThoughTwoUseIt() {
		assertThat(explore(Subject::of, 2, 1)).isGreaterThan(500);
	}

	@Test
	void findASessionThatIsRefusedThoughItIsHeld() {
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> explore(HastyUses::of, 2, 1))
			.withMessageContaining("refused though it is held");
	}

	@Test
	void findASessionThatIsLetGoThoughItHasSomethingToStore() {
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> explore(ForgetfulUses::of, 1, 1))
			.withMessageContaining("let go with something to store");
	}

	@Test
	void overlookNoUseWhenTheExpiryIsPutOff() {
		int orders = this.interleavings.explore(() -> {
			Uses uses = new Uses(steppedTime());
			AtomicInteger putOff = new AtomicInteger();
			Runnable user = () -> {
				uses.acquire();
				this.interleavings.step();
				uses.release();
			};
			Runnable upkeep = () -> {
				if (uses.takeUsed()) {
					putOff.incrementAndGet();
				}
			};
			return new Interleavings.Programs(List.of(user, upkeep), () -> {
				upkeep.run();
				assertThat(putOff).hasPositiveValue();
				assertThat(uses.takeUsed()).isFalse();
			});
		});

		assertThat(orders).isGreaterThan(5);
	}

	private int explore(Function<LongSupplier, Subject> subject, int users, int keepers) {
		return this.interleavings.explore(() -> new Trial(subject.apply(steppedTime())).programs(users, keepers));
	}

	private LongSupplier steppedTime() {
		AtomicLong time = new AtomicLong();
		return () -> {
			this.interleavings.step();
			return time.incrementAndGet();
		};
	}

	/**
	 * One order of the steps.
	 */
	private final class Trial {

		private final Subject uses;

		private int using;

		private boolean toStore;

		private boolean refused;

		private int letGo;

		private boolean usedWhenLetGo;

		private boolean toStoreWhenLetGo;

		Trial(Subject uses) {
			this.uses = uses;
		}

		Interleavings.Programs programs(int users, int keepers) {
			List<Runnable> programs = new ArrayList<>();
			for (int i = 0; i < users; i++) {
				programs.add(this::use);
			}
			for (int i = 0; i < keepers; i++) {
				programs.add(this::keep);
			}
			return new Interleavings.Programs(programs, () -> {
				assertThat(this.letGo).as("let go by so many").isLessThanOrEqualTo(1);
				assertThat(this.usedWhenLetGo).as("let go while it is used").isFalse();
				assertThat(this.toStoreWhenLetGo).as("let go with something to store").isFalse();
				assertThat(this.refused && this.letGo == 0).as("refused though it is held").isFalse();
			});
		}

		private void use() {
			if (this.uses.acquire().getAsBoolean()) {
				this.using++;
				this.usedWhenLetGo |= this.letGo > 0;
				this.toStore = true;
				UsesInterleavingTests.this.interleavings.step();
				this.using--;
				this.uses.release().run();
			}
			else {
				this.refused = true;
			}
		}

		private void keep() {
			boolean letGo = this.uses.letGo().test(() -> {
				boolean idle = !this.toStore;
				UsesInterleavingTests.this.interleavings.step();
				return idle;
			});
			if (letGo) {
				this.letGo++;
				this.usedWhenLetGo |= this.using > 0;
				this.toStoreWhenLetGo |= this.toStore;
			}
		}

	}

	/**
	 * What is tried.
	 *
	 * @param acquire begins a use, if it can
	 * @param release ends it
	 * @param letGo lets go what isn't used, if it is idle
	 */
	private record Subject(BooleanSupplier acquire, Runnable release, Predicate<BooleanSupplier> letGo) {

		static Subject of(LongSupplier nanoTime) {
			Uses uses = new Uses(nanoTime);
			return new Subject(uses::acquire, uses::release, (idle) -> uses.letGo(Duration.ZERO, idle));
		}

	}

	/**
	 * Uses that let go first, and then look whether they may.
	 */
	private static final class HastyUses {

		private static final int LET_GO = Integer.MIN_VALUE;

		static Subject of(LongSupplier nanoTime) {
			AtomicInteger uses = new AtomicInteger();
			return new Subject(() -> uses.getAndUpdate((count) -> (count < 0) ? count : count + 1) >= 0,
					() -> uses.updateAndGet((count) -> (count < 0) ? count : count - 1), (idle) -> {
						boolean letGo = uses.compareAndSet(0, LET_GO);
						if (letGo && !idle.getAsBoolean()) {
							uses.set(0);
							return false;
						}
						return letGo;
					});
		}

	}

	/**
	 * Uses as one would write them at first: between the look whether they may and the
	 * letting go somebody may come and go.
	 */
	private static final class ForgetfulUses {

		private static final int LET_GO = Integer.MIN_VALUE;

		static Subject of(LongSupplier nanoTime) {
			AtomicInteger uses = new AtomicInteger();
			return new Subject(() -> uses.getAndUpdate((count) -> (count < 0) ? count : count + 1) >= 0,
					uses::decrementAndGet, (idle) -> idle.getAsBoolean() && uses.compareAndSet(0, LET_GO));
		}

	}

}
