package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Reading}.
 */
class ReadingTests {

	private final Mailbox mailbox = new Mailbox();

	private final TestStreams streams = new TestStreams(600, 1024);

	private final List<String> told = new ArrayList<>();

	private final List<Consumer<String>> questions = new ArrayList<>();

	private boolean wanted = true;

	private final Reading reading = new Reading(this.streams.context(), this.mailbox,
			new PageReader(this.streams.context(), new StreamKey("s", "1"), null), () -> this.wanted,
			() -> this.told.add("stale"), () -> this.told.add("waited"));

	private void ask() {
		this.mailbox.execute(() -> this.reading.<String>ask(this.questions::add, this.told::add));
	}

	private void answer(String answer) {
		this.mailbox.execute(() -> this.questions.remove(0).accept(answer));
	}

	private void waitForStore() {
		this.mailbox.execute(this.reading::waitForStore);
	}

	private boolean hint() {
		AtomicBoolean underWay = new AtomicBoolean();
		this.mailbox.execute(() -> underWay.set(this.reading.hint()));
		return underWay.get();
	}

	@Test
	void asksOneQuestionAtATime() {
		ask();
		ask();

		assertThat(this.questions).hasSize(1);

		answer("one");
		ask();
		answer("two");

		assertThat(this.told).containsExactly("one", "two");
	}

	@Test
	void saysThatAnAnswerMayBeTooOldIfThereWasAHintMeanwhile() {
		assertThat(hint()).isFalse();
		ask();
		assertThat(hint()).isTrue();
		assertThat(hint()).isTrue();

		answer("one");

		assertThat(this.told).containsExactly("one", "stale");
	}

	@Test
	void tellsNothingThatIsNotWantedAnyMore() {
		ask();
		hint();
		this.wanted = false;

		answer("one");

		assertThat(this.told).isEmpty();
	}

	@Test
	void readsAPage() {
		List<PageReader.Result> found = new ArrayList<>();

		this.mailbox.execute(() -> this.reading.read(null, found::add));

		assertThat(found).hasSize(1);
	}

	@Test
	void waitsLongerForAStoreThatStaysAway() {
		waitForStore();
		this.streams.threads().pass(Duration.ofMillis(250));
		assertThat(this.told).containsExactly("waited");

		waitForStore();
		this.streams.threads().pass(Duration.ofMillis(499));
		assertThat(this.told).containsExactly("waited");
		this.streams.threads().pass(Duration.ofMillis(1));
		assertThat(this.told).containsExactly("waited", "waited");

		this.mailbox.execute(this.reading::answered);
		waitForStore();
		this.streams.threads().pass(Duration.ofMillis(250));
		assertThat(this.told).hasSize(3);
	}

	@Test
	void asksNothingWhileItWaits() {
		waitForStore();

		ask();

		assertThat(this.questions).isEmpty();
		assertThat(this.reading.isWaiting()).isTrue();
	}

	@Test
	void waitsOnceHoweverOftenThePauseIsBrokenOff() {
		for (int i = 0; i < 100; i++) {
			waitForStore();
			this.mailbox.execute(this.reading::breakOff);
		}
		waitForStore();

		assertThat(this.streams.threads().timers()).isEqualTo(1);
		this.streams.threads().pass(Duration.ofMinutes(1));
		assertThat(this.told).containsExactly("waited");
	}

}
