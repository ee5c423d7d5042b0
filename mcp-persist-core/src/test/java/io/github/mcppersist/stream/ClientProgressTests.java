package io.github.mcppersist.stream;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ClientProgress}.
 */
class ClientProgressTests {

	@RegisterExtension
	private final InMailbox inMailbox = new InMailbox();

	private final Event priming = Event.priming(EventId.next("stream", 1));

	@Test
	void knowsThatAClientHasTheIdThatItWasSent() {
		ClientProgress progress = progress(true);

		progress.take(this.priming);

		assertThat(progress.cursor()).isEqualTo(this.priming.id());
		assertThat(progress.repeatCursor()).isTrue();
	}

	/**
	 * Those before 2025-11-25 take no ID without a message.
	 */
	@Test
	void knowsThatAClientHasNothingToComeBackWithThatWasSentNoId() {
		ClientProgress progress = progress(false);

		progress.take(this.priming);

		assertThat(progress.position()).isEqualTo(this.priming.id());
		assertThat(progress.cursor()).isNull();
		assertThat(progress.repeatCursor()).isFalse();
	}

	@Test
	void knowsThatEachClientHasTheIdOfAMessage() {
		ClientProgress progress = progress(false);
		Event message = new Event(EventId.next("stream", 2), TestStreams.bytes("{}"));

		progress.take(this.priming);
		progress.take(message);

		assertThat(progress.cursor()).isEqualTo(message.id());
	}

	private ClientProgress progress(boolean priming) {
		SseOutput output = new SseOutput(this.inMailbox.mailbox(), new ManualThreads(), new NoSource());
		return new ClientProgress(this.inMailbox.mailbox(), output, new ReconnectPolicy() {

			@Override
			public boolean isPriming() {
				return priming;
			}

			@Override
			public boolean comesBack() {
				return false;
			}

			@Override
			public @Nullable Duration retry() {
				return null;
			}

		});
	}

	private static final class NoSource implements SseOutput.Source {

		@Override
		public void more() {
		}

		@Override
		public void closed(boolean complete) {
		}

	}

}
