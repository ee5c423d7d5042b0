package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How long a session that isn't found may be there all the same.
 */
class UnsavedSessionsTests {

	private final AtomicBoolean writesFail = new AtomicBoolean();

	private final AtomicLong time = new AtomicLong(Long.MAX_VALUE - 5);

	private final UnsavedSessions unsaved = new UnsavedSessions(this.writesFail::get, this.time::get);

	@Test
	void thereAreNoneInAStoreThatTakesWrites() {
		assertThat(this.unsaved.arePossible()).isFalse();
	}

	@Test
	void theyArePossibleWhileWritesFailAndUntilAllNodesHaveHadTheTimeToStoreThem() {
		this.writesFail.set(true);
		assertThat(this.unsaved.arePossible()).isTrue();
		pass(Duration.ofHours(1));
		assertThat(this.unsaved.arePossible()).isTrue();

		this.writesFail.set(false);

		pass(Duration.ofSeconds(4));
		assertThat(this.unsaved.arePossible()).isTrue();
		pass(Duration.ofSeconds(1));
		assertThat(this.unsaved.arePossible()).isFalse();
	}

	@Test
	void theyArePossibleOnceANodeHasSaidSo() {
		this.unsaved.seen();
		assertThat(this.unsaved.arePossible()).isTrue();

		pass(Duration.ofSeconds(5));

		assertThat(this.unsaved.arePossible()).isFalse();
	}

	@Test
	void anOutageInWhichNobodyAsksIsNotMissed() {
		this.writesFail.set(true);
		this.unsaved.look();
		this.writesFail.set(false);

		assertThat(this.unsaved.arePossible()).isTrue();
	}

	private void pass(Duration duration) {
		this.time.addAndGet(duration.toNanos());
	}

}
