package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class NodeSightingsTests {

	private static final String OTHER = "otherNode01";

	private long now = 1_000;

	private final NodeSightings sightings = new NodeSightings("thisNode001", Duration.ofSeconds(10),
			Duration.ofSeconds(6), () -> this.now);

	private final Map<String, String> values = new LinkedHashMap<>(Map.of("thisNode001", "1", OTHER, "1"));

	private void pass(double seconds) {
		this.now += (long) (seconds * 1e9);
	}

	private void read() {
		this.sightings.read(this.now, this.values);
	}

	private void readFor(int seconds) {
		for (int i = 0; i < seconds; i += 2) {
			pass(2);
			read();
		}
	}

	private void assertPresent() {
		assertThat(this.sightings.isGone(OTHER)).isFalse();
	}

	private void assertGone() {
		assertThat(this.sightings.isGone(OTHER)).isTrue();
	}

	@Test
	void aNodeIsPresentWhileItsValueChanges() {
		for (int i = 0; i < 20; i++) {
			this.values.put(OTHER, Integer.toString(i));
			readFor(4);
			assertPresent();
		}
	}

	@Test
	void aNodeWhoseValueStaysIsGoneAfterTheTimeoutAndNotBefore() {
		read();

		readFor(8);
		assertPresent();
		readFor(2);
		assertGone();
	}

	@Test
	void aNodeThatIsGoneFromTheHashIsGoneAfterTheTimeout() {
		read();

		this.values.remove(OTHER);
		readFor(8);
		assertPresent();
		readFor(2);
		assertGone();
	}

	@Test
	void timeThatPassesWithoutAReadMakesNobodyGone() {
		read();

		pass(3600);
		assertPresent();
		read();
		assertPresent();
		readFor(8);
		assertPresent();
		readFor(2);
		assertGone();
	}

	@Test
	void aReadThatFailedStartsTheTimeAgain() {
		read();
		readFor(8);

		pass(1);
		this.sightings.failed();
		assertPresent();
		pass(1);
		read();
		readFor(8);
		assertPresent();
		readFor(2);
		assertGone();
	}

	@Test
	void onlyTheTimeUntilAReadWasSentCounts() {
		read();
		readFor(8);

		long sentAt = this.now;
		pass(4);
		this.sightings.read(sentAt, this.values);

		assertPresent();
	}

	@Test
	void nobodyIsGoneBeforeTheFirstRead() {
		assertPresent();
		pass(3600);
		assertPresent();
	}

	@Test
	void aNodeThatWasNeverSeenIsGoneAfterTheTimeoutFromTheFirstQuestionOn() {
		this.values.remove(OTHER);
		read();
		readFor(60);

		assertPresent();
		readFor(8);
		assertPresent();
		readFor(2);
		assertGone();
		this.values.put(OTHER, "1");
		readFor(2);
		assertPresent();
	}

	@Test
	void aNodeThatWasPausedIsPresentAgainWithItsNextSign() {
		read();
		readFor(20);
		assertGone();

		this.values.put(OTHER, "2");
		readFor(2);

		assertPresent();
	}

	@Test
	void aNodeThatHasLeftIsGoneAtOnceAndForGood() {
		read();

		this.sightings.left(OTHER);
		assertGone();

		this.values.put(OTHER, "2");
		readFor(2);
		assertGone();
		this.sightings.failed();
		assertGone();
	}

	@Test
	void thisNodeIsNeverGone() {
		read();
		readFor(20);
		this.sightings.left("thisNode001");

		assertThat(this.sightings.isGone("thisNode001")).isFalse();
	}

	@Test
	void aNodeThatAnotherNodeHasGivenUpIsGoneAtOnceAndPresentWithItsNextSign() {
		this.values.put(OTHER, NodeSightings.GIVEN_UP);
		read();
		assertGone();

		this.values.put(OTHER, "2");
		readFor(2);

		assertPresent();
	}

	@Test
	void aNodeIsGivenUpWhenItHasGoneAndRemovedLongAfterThat() {
		read();
		readFor(8);
		assertThat(this.sightings.silent()).isEmpty();
		readFor(2);
		assertThat(this.sightings.silent()).containsExactly(OTHER, "1");

		this.values.put(OTHER, NodeSightings.GIVEN_UP);
		readFor(298);
		assertThat(this.sightings.silent()).isEmpty();
		readFor(4);
		assertThat(this.sightings.silent()).containsExactly(OTHER, NodeSightings.GIVEN_UP);

		this.values.remove(OTHER);
		readFor(2);
		assertThat(this.sightings.silent()).isEmpty();
		assertGone();
	}

	@Test
	void questionsAboutNodesThatNeverWereDisplaceNoneThatIs() {
		read();
		readFor(10);
		for (int i = 0; i < 20_000; i++) {
			this.sightings.isGone("x".repeat(6) + (10_000 + i));
		}

		assertGone();
	}

	@Test
	void aNodeThatFallsSilentIsLostOnce() {
		read();
		readFor(8);
		assertThat(this.sightings.lost()).isEmpty();

		readFor(2);

		assertThat(this.sightings.lost()).containsExactly(OTHER);
		readFor(2);
		assertThat(this.sightings.lost()).isEmpty();
	}

	@Test
	void aNodeThatComesBackCanBeLostAgain() {
		read();
		readFor(10);
		assertThat(this.sightings.lost()).containsExactly(OTHER);
		this.values.put(OTHER, "2");
		read();
		assertThat(this.sightings.lost()).isEmpty();

		this.values.put(OTHER, NodeSightings.GIVEN_UP);
		read();

		assertThat(this.sightings.lost()).containsExactly(OTHER);
	}

	@Test
	void aNodeThatLeftOrWasGivenUpBeforeIsNotLost() {
		this.values.put("otherNode02", NodeSightings.GIVEN_UP);
		read();
		this.sightings.left(OTHER);

		readFor(20);

		assertThat(this.sightings.lost()).isEmpty();
	}

}
