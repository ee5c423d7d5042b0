package io.github.mcppersist.stream;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Openings}.
 */
class OpeningsTests {

	private static final Duration TICK = Duration.ofMillis(5);

	private final ManualThreads threads = new ManualThreads();

	private final Openings openings = new Openings(this.threads);

	@Test
	void openEachOutputAfterAMoment() {
		Connection early = new Connection();
		early.openSoon();
		this.threads.pass(TICK);
		Connection late = new Connection();
		late.openSoon();

		this.threads.pass(TICK);

		assertThat(early.opened).isOne();
		assertThat(late.opened).isZero();
		this.threads.pass(TICK);
		assertThat(late.opened).isOne();
		assertThat(early.opened).isOne();
	}

	@Test
	void leaveAloneWhatIsOpenByThen() {
		Connection connection = new Connection();
		connection.openSoon();
		connection.output.openNow();
		assertThat(connection.opened).isOne();

		this.threads.pass(TICK.multipliedBy(4));

		assertThat(connection.opened).isOne();
	}

	@Test
	void needOneTimerAndNoneOnceAllAreOpen() {
		for (int i = 0; i < 10; i++) {
			new Connection().openSoon();
		}
		assertThat(this.threads.timers()).isOne();

		this.threads.pass(TICK.multipliedBy(3));

		assertThat(this.threads.timers()).isZero();
		Connection another = new Connection();
		another.openSoon();
		this.threads.pass(TICK.multipliedBy(3));
		assertThat(another.opened).isOne();
	}

	private final class Connection implements SseOutput.Source, SseOutput.Response {

		private final Mailbox mailbox = new Mailbox();

		private final SseOutput output = new SseOutput(this.mailbox, OpeningsTests.this.threads, this);

		private int opened;

		void openSoon() {
			this.mailbox.execute(() -> this.output.openSoon(this));
			OpeningsTests.this.openings.add(this.output);
		}

		@Override
		public void stream(Publisher<byte[]> chunks) {
			this.opened++;
		}

		@Override
		public void send(byte[] frames) {
			throw new AssertionError("Nothing has ended");
		}

		@Override
		public void refuse() {
			throw new AssertionError("Nothing is closed");
		}

		@Override
		public void more() {
		}

		@Override
		public void closed(boolean complete) {
		}

	}

}
