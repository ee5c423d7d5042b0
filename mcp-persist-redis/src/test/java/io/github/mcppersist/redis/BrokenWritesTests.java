package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class BrokenWritesTests {

	private static final String SERVER = "server";

	private static final byte[] KEY = RedisKeys.bytes("key");

	private static final byte[] OTHER = RedisKeys.bytes("other");

	private static final int BYTES = 1_000_000;

	private final AtomicLong now = new AtomicLong();

	private final BrokenWrites writes = new BrokenWrites(this.now::get);

	@Test
	void givesUpAWriteOnWhichTheConnectionBreaksAgainAndAgainWhileOthersGetThrough() {
		assertThat(breaks()).isFalse();
		otherSucceeds();
		assertThat(breaks()).isFalse();
		otherSucceeds();

		assertThat(breaks()).isTrue();
	}

	@Test
	void doesNotBlameAWriteWhileNothingElseGetsThrough() {
		for (int i = 0; i < 10; i++) {
			assertThat(breaks()).isFalse();
		}
	}

	@Test
	void doesNotBlameAWriteWhileOnlyOtherServersWork() {
		for (int i = 0; i < 10; i++) {
			assertThat(breaks()).isFalse();
			this.writes.succeeded("another", OTHER, 10, true);
		}
	}

	@Test
	void forgetsBreaksOnceTheWriteHasSucceeded() {
		breaks();
		otherSucceeds();
		breaks();
		otherSucceeds();

		this.writes.succeeded(SERVER, KEY, BYTES, true);

		assertThat(breaks()).isFalse();
	}

	@Test
	void aSmallerWriteOrAReadSaysNothingOfIt() {
		breaks();
		this.writes.succeeded(SERVER, KEY, 10, true);
		breaks();
		this.writes.succeeded(SERVER, KEY, BYTES, false);

		assertThat(breaks()).isTrue();
	}

	@Test
	void forgetsBreaksThatWereLongAgo() {
		for (int i = 0; i < 10; i++) {
			assertThat(breaks()).isFalse();
			otherSucceeds();
			this.now.addAndGet(Duration.ofSeconds(31).toNanos());
		}
	}

	@Test
	void neverBlamesASmallWrite() {
		for (int i = 0; i < 10; i++) {
			assertThat(this.writes.isHopeless(SERVER, KEY, 1000, true)).isFalse();
			otherSucceeds();
		}
	}

	@Test
	void givesUpAMuchLargerOneThatOftenGetsNoAnswerWhileOthersDo() {
		for (int i = 1; i < 6; i++) {
			assertThat(this.writes.isHopeless(SERVER, KEY, 2 * BYTES, false)).isFalse();
			otherSucceeds();
		}

		assertThat(this.writes.isHopeless(SERVER, KEY, 2 * BYTES, false)).isTrue();
	}

	@Test
	void doesNotBlameOneThatGetsNoAnswerWhereNobodyDoesOrThatIsNotThatLarge() {
		for (int i = 0; i < 50; i++) {
			assertThat(this.writes.isHopeless(SERVER, KEY, 2 * BYTES, false)).isFalse();
		}
		for (int i = 0; i < 50; i++) {
			assertThat(this.writes.isHopeless(SERVER, OTHER, BYTES, false)).isFalse();
			this.writes.succeeded(SERVER, RedisKeys.bytes("third"), 10, true);
		}
	}

	private boolean breaks() {
		return this.writes.isHopeless(SERVER, KEY, BYTES, true);
	}

	private void otherSucceeds() {
		this.writes.succeeded(SERVER, OTHER, 10, true);
	}

}
