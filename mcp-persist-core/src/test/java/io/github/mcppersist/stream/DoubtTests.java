package io.github.mcppersist.stream;

import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Doubt}.
 */
class DoubtTests {

	private static final StreamKey STREAM = new StreamKey("s", "0");

	private static final EventId FIRST = EventId.next("0", 1);

	private static final EventId SECOND = EventId.next("0", 2);

	private static final EventId THIRD = EventId.next("0", 3);

	@RegisterExtension
	private final InMailbox inMailbox = new InMailbox();

	private final TestStreams streams = new TestStreams(600, 8 * 1024 * 1024);

	private final Doubt doubt = new Doubt(this.streams.context(), this.inMailbox.mailbox(), STREAM);

	@Test
	void isOfTheLastEventOfACallUntilTheStoreHasSaidWhatBecameOfIt() {
		StreamTail.Batch batch = begin();
		assertThat(this.doubt.batch()).isSameAs(batch);
		assertThat(this.doubt.last()).isEqualTo(SECOND);

		this.doubt.forgetBatch();

		assertThat(this.doubt.batch()).isNull();
		assertThat(this.doubt.last()).isNull();
	}

	@Test
	void keepsTheLastEventOfACallThatCannotBeMadeAgain() {
		begin();

		this.doubt.unsettle(false);

		assertThat(this.doubt.batch()).isNull();
		assertThat(this.doubt.unsettled()).isEqualTo(SECOND);
		assertThat(this.doubt.last()).isEqualTo(SECOND);
	}

	@Test
	void isOverOnceTheStoreHasTold() {
		begin();
		this.doubt.unsettle(true);
		this.doubt.drop(List.of(FIRST, THIRD));

		assertThat(this.doubt.settle()).containsExactly(FIRST);

		assertThat(this.doubt.last()).isNull();
		assertThat(this.doubt.isFollowedByGap()).isFalse();
		assertThat(this.doubt.hasDropped((id) -> false)).isFalse();
		assertThat(this.doubt.settle()).isEmpty();
	}

	@Test
	void losesWhatIsDroppedWhileNothingIsInDoubt() {
		assertThat(this.doubt.drop(List.of(FIRST, SECOND))).containsExactly(FIRST, SECOND);

		assertThat(this.doubt.hasDropped((id) -> false)).isFalse();
	}

	@Test
	void losesOfWhatIsDroppedOnlyWhatFollowsTheCall() {
		begin();
		this.doubt.unsettle(false);

		assertThat(this.doubt.drop(List.of(FIRST, SECOND))).isEmpty();
		assertThat(this.doubt.isFollowedByGap()).isFalse();
		assertThat(this.doubt.drop(List.of(THIRD))).containsExactly(THIRD);

		assertThat(this.doubt.isFollowedByGap()).isTrue();
	}

	@Test
	void hasDroppedWhatNobodyKnowsAndNobodyHasRead() {
		begin();
		this.doubt.unsettle(false);
		this.doubt.drop(List.of(FIRST));
		assertThat(this.doubt.hasDropped(FIRST::equals)).isFalse();
		assertThat(this.doubt.hasDropped(SECOND::equals)).isTrue();

		this.doubt.found(Set.of(FIRST));
		assertThat(this.doubt.hasDropped((id) -> false)).isTrue();
		this.doubt.found(Set.of(SECOND));

		assertThat(this.doubt.hasDropped((id) -> false)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void isBehindAGapIfTheCallWouldOpenTheStreamOrEventsOfItWereDropped(boolean opening) {
		begin();
		this.doubt.unsettle(opening);
		assertThat(this.doubt.isBehindGap()).isEqualTo(opening);

		this.doubt.drop(List.of(FIRST));

		assertThat(this.doubt.isBehindGap()).isTrue();
	}

	@Test
	void asksTheStoreForAnEvent() {
		this.streams.store().behind().openStream(STREAM, null, List.of(Event.priming(FIRST))).block();

		assertThat(this.doubt.isStored(FIRST).block()).isTrue();
		assertThat(this.doubt.isStored(SECOND).block()).isFalse();
	}

	@Test
	void knowsOfAnEventWhateverFollowsItAndOfNoneThatMayBeTrimmed() {
		this.streams.store().failNextRead(new EventsUnreadableException(STREAM, null, SECOND));
		assertThat(this.doubt.isStored(FIRST).block()).isTrue();

		this.streams.store().failNextRead(new EventsTrimmedException(STREAM, null));
		assertThat(this.doubt.isStored(FIRST).block()).isFalse();
	}

	@Test
	void knowsNothingIfTheStoreDoesNotTell() {
		for (EventStoreException failure : List.of(new EventStoreUnavailableException("away"),
				new EventStoreException("broken"))) {
			this.streams.store().failNextRead(failure);

			assertThatExceptionOfType(EventStoreException.class).isThrownBy(() -> this.doubt.isStored(FIRST).block())
				.isSameAs(failure);
		}
	}

	private StreamTail.Batch begin() {
		StreamTail.Batch batch = new StreamTail.Batch(List.of(Event.priming(FIRST), Event.priming(SECOND)), false);
		this.doubt.begin(batch);
		return batch;
	}

}
