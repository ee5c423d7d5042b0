package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When a round is over.
 */
class SettlingTests {

	private final ManualThreads threads = new ManualThreads();

	private final Mailbox mailbox = new Mailbox();

	private final AtomicInteger settled = new AtomicInteger();

	private boolean awaited = true;

	private boolean waits = true;

	private final Settling settling = new Settling(this.mailbox, this.threads, () -> this.awaited, () -> this.waits,
			() -> {
				this.settled.incrementAndGet();
				this.awaited = false;
			});

	@Test
	void isOverWhenNothingMoreIsAskedForAMoment() {
		begin();
		this.threads.pass(Duration.ofMillis(8));
		assertThat(this.settled).hasValue(0);
		begin();
		this.threads.pass(Duration.ofMillis(8));
		assertThat(this.settled).hasValue(0);

		this.threads.pass(Duration.ofMillis(4));
		assertThat(this.settled).hasValue(1);
	}

	@Test
	void waitsForAHandlerThatGoesOn() {
		this.waits = false;
		begin();
		this.threads.pass(Duration.ofMillis(500));
		assertThat(this.settled).hasValue(0);

		this.waits = true;
		this.threads.pass(Duration.ofMillis(12));
		assertThat(this.settled).hasValue(1);
	}

	@Test
	void waitsNoLongerThanASecond() {
		this.waits = false;
		begin();
		this.threads.pass(Duration.ofMillis(998));
		assertThat(this.settled).hasValue(0);

		this.threads.pass(Duration.ofMillis(4));
		assertThat(this.settled).hasValue(1);
	}

	@Test
	void looksNoMoreWhenNobodyWaits() {
		begin();
		this.awaited = false;
		this.threads.pass(Duration.ofSeconds(2));

		assertThat(this.settled).hasValue(0);
		assertThat(this.threads.timers()).isZero();
		this.awaited = true;
		begin();
		this.threads.pass(Duration.ofMillis(12));
		assertThat(this.settled).hasValue(1);
		assertThat(this.threads.timers()).isZero();
	}

	private void begin() {
		this.mailbox.execute(this.settling::begin);
	}

}
