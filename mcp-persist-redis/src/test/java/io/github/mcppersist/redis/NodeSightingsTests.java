package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.redis.NodeSightings.Answer;
import io.github.mcppersist.redis.NodeSightings.Change;
import io.github.mcppersist.redis.NodeSightings.Look;
import io.github.mcppersist.redis.NodeSightings.Presence;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link NodeSightings}. What Redis answers is tested in {@link BeatTests}.
 */
class NodeSightingsTests {

	private static final String OTHER = "otherNode01";

	private long now = 1_000;

	private final NodeSightings sightings = new NodeSightings("thisNode001", Duration.ofSeconds(10),
			Duration.ofSeconds(6), () -> this.now);

	/**
	 * The number of the last beat of all nodes.
	 */
	private long row;

	private boolean otherIsThere = true;

	private final List<Change> pending = new ArrayList<>();

	private final List<String> lost = new ArrayList<>();

	private void pass(double seconds) {
		this.now += (long) (seconds * 1e9);
	}

	private long beat() {
		return answer(this.sightings.look(), true);
	}

	private long answer(Look look, boolean continues) {
		List<Boolean> present = look.lookedUp().stream().map((id) -> id.equals(OTHER) && this.otherIsThere).toList();
		List<Change> changes = List.copyOf(this.pending);
		this.pending.clear();
		this.lost.addAll(this.sightings.answered(look, new Answer(++this.row, continues, present, changes)));
		return this.row;
	}

	private void beatFor(int seconds) {
		for (int i = 0; i < seconds; i += 2) {
			pass(2);
			beat();
		}
	}

	private void change(char kind, String nodeId) {
		this.pending.add(new Change(kind, nodeId, ++this.row));
	}

	private void assertPresent() {
		assertThat(this.sightings.isGone(OTHER)).isFalse();
	}

	private void assertGone() {
		assertThat(this.sightings.isGone(OTHER)).isTrue();
	}

	@Test
	void givesUpNobodyBeforeTheTimeoutHasPassedWithItsOwnBeats() {
		assertThat(this.sightings.look()).extracting(Look::lastBeat, Look::givenUpBefore).containsExactly(0L, 0L);
		long first = beat();

		beatFor(8);
		pass(1.9);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		pass(0.1);
		assertThat(this.sightings.look()).extracting(Look::lastBeat, Look::givenUpBefore)
			.containsExactly(this.row, first);
	}

	@Test
	void givesUpWhoWasSilentSinceItsNewestBeatThatIsTheTimeoutOld() {
		beat();
		beatFor(20);
		long tenSecondsAgo = beat();
		beatFor(8);
		pass(2);

		assertThat(this.sightings.look().givenUpBefore()).isEqualTo(tenSecondsAgo);
	}

	@Test
	void timeThatPassesWithoutABeatMakesNobodyGone() {
		beat();
		beatFor(8);

		pass(3600);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		long first = beat();
		beatFor(8);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		pass(2);
		assertThat(this.sightings.look().givenUpBefore()).isEqualTo(first);
	}

	@Test
	void aBeatThatFailedStartsTheTimeAgain() {
		beat();
		beatFor(8);

		pass(1);
		this.sightings.failed();
		pass(1);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		long first = beat();
		beatFor(8);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		pass(2);
		assertThat(this.sightings.look().givenUpBefore()).isEqualTo(first);
	}

	@Test
	void anAnswerThatIsLateStartsTheTimeAgain() {
		beat();
		beatFor(8);

		Look look = this.sightings.look();
		pass(7);
		long first = answer(look, true);

		beatFor(8);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
		pass(2);
		assertThat(this.sightings.look().givenUpBefore()).isEqualTo(first);
	}

	@Test
	void theTimeCountsFromTheAnswerOn() {
		Look look = this.sightings.look();
		pass(4);
		answer(look, true);

		pass(4);
		beat();
		pass(4);
		beat();
		pass(1.9);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
	}

	@Test
	void aBeatThatIsNotThereAsItWasStartsTheTimeAgain() {
		beat();
		beatFor(8);

		pass(2);
		answer(this.sightings.look(), false);

		beatFor(8);
		assertThat(this.sightings.look().givenUpBefore()).isZero();
	}

	@Test
	void keepsNoMoreBeatsThanTheTimeoutHas() {
		beat();
		beatFor(100_000);
		pass(2);

		assertThat(this.row - this.sightings.look().givenUpBefore()).isEqualTo(4);
	}

	@Test
	void aNodeThatWasGivenUpIsGoneAndPresentAgainWhenItComesBack() {
		beat();
		change('!', OTHER);
		beat();
		assertGone();
		// It may be back, and this node not have seen it yet
		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.UNKNOWN);

		change('+', OTHER);
		beat();
		assertPresent();
		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.PRESENT);
	}

	@Test
	void aNodeThatHasLeftIsGoneAtOnceAndForGood() {
		beat();
		change('+', OTHER);
		beat();

		this.sightings.left(OTHER);
		assertGone();

		change('+', OTHER);
		beat();
		assertGone();
		this.sightings.failed();
		answer(this.sightings.look(), false);
		assertGone();
		change('!', OTHER);
		beat();
		assertThat(this.lost).isEmpty();
	}

	@Test
	void aNodeThatHasLeftWithoutBeingHeardIsGoneWithTheNextBeat() {
		beat();
		change('-', OTHER);
		beat();

		assertGone();
		assertThat(this.lost).isEmpty();
	}

	@Test
	void thisNodeIsNeverGone() {
		beat();
		change('!', "thisNode001");
		beat();
		this.sightings.left("thisNode001");

		assertThat(this.sightings.isGone("thisNode001")).isFalse();
		assertThat(this.lost).isEmpty();
	}

	@Test
	void looksANodeUpOnceThatItHasNotHeardOf() {
		beat();
		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.UNKNOWN);
		assertPresent();
		assertThat(this.sightings.look().lookedUp()).containsExactly(OTHER);

		beat();

		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.PRESENT);
		assertPresent();
		assertThat(this.sightings.look().lookedUp()).isEmpty();
	}

	@Test
	void aNodeThatWasNeverSeenIsGoneAfterTheTimeoutFromTheFirstQuestionOnAndLookedUpTwice() {
		this.otherIsThere = false;
		beat();
		beatFor(60);

		assertPresent();
		beatFor(2);
		assertThat(this.sightings.look().lookedUp()).isEmpty();
		beatFor(6);
		assertPresent();
		pass(2);
		assertThat(this.sightings.look().lookedUp()).containsExactly(OTHER);
		beat();
		assertGone();

		assertThat(this.sightings.look().lookedUp()).isEmpty();
		assertThat(this.lost).isEmpty();
		change('+', OTHER);
		beat();
		assertPresent();
	}

	@Test
	void aBeatThatFailedStartsTheTimeOfANodeThatWasNeverSeenAgain() {
		this.otherIsThere = false;
		beat();
		assertPresent();
		beatFor(8);

		this.sightings.failed();
		beatFor(8);
		assertPresent();
		beatFor(2);
		assertGone();
	}

	@Test
	void forgetsWhatItKnewWhenItsOwnBeatIsNotThereAsItWas() {
		beat();
		change('!', OTHER);
		beat();
		assertGone();

		answer(this.sightings.look(), false);

		assertPresent();
		assertThat(this.sightings.look().lookedUp()).containsExactly(OTHER);
		this.otherIsThere = false;
		beatFor(8);
		assertPresent();
		beatFor(2);
		assertGone();
	}

	@Test
	void forgetsWhatItKnewWhenThereAreMoreChangesThanOneBeatBrings() {
		beat();
		change('+', OTHER);
		beat();
		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.PRESENT);

		IntStream.range(0, NodeSightings.MAX_CHANGES).forEach((i) -> change('!', "anyNode" + (1000 + i)));
		beat();

		assertThat(this.sightings.presence(OTHER)).isEqualTo(Presence.UNKNOWN);
		assertThat(this.sightings.isGone("anyNode1000")).isTrue();
		assertThat(this.lost).hasSize(NodeSightings.MAX_CHANGES);
	}

	@Test
	void questionsAboutNodesThatNeverWereDisplaceNoneThatIsAndAreAskedAHundredAtATime() {
		beat();
		change('!', OTHER);
		beat();
		for (int i = 0; i < 20_000; i++) {
			this.sightings.isGone("x".repeat(6) + (10_000 + i));
		}

		assertGone();
		assertThat(this.sightings.look().lookedUp()).hasSize(100);
		List<String> first = this.sightings.look().lookedUp();
		beat();
		assertThat(this.sightings.look().lookedUp()).hasSize(100).doesNotContainAnyElementsOf(first);
	}

	@Test
	void aNodeIsLostOnceEachTimeItIsGivenUp() {
		beat();
		change('!', OTHER);
		beat();
		assertThat(this.lost).containsExactly(OTHER);
		beatFor(4);
		assertThat(this.lost).containsExactly(OTHER);

		change('+', OTHER);
		beat();
		change('!', OTHER);
		beat();

		assertThat(this.lost).containsExactly(OTHER, OTHER);
	}

	@Test
	void whatWasThereBeforeThisNodeIsNotLostAndWhatItMissedIs() {
		change('!', "otherNode02");
		answer(this.sightings.look(), false);
		assertThat(this.lost).isEmpty();
		assertThat(this.sightings.isGone("otherNode02")).isTrue();

		this.sightings.failed();
		this.pending.add(new Change('!', "otherNode02", 1));
		change('!', OTHER);
		answer(this.sightings.look(), false);

		assertThat(this.lost).containsExactly(OTHER);
	}

}
