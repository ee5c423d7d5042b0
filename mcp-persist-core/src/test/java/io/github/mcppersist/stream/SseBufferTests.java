package io.github.mcppersist.stream;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SseBuffer}.
 */
class SseBufferTests {

	private static final int CHUNK_BYTES = 16 * 1024;

	private final SseBuffer buffer = new SseBuffer();

	@Test
	void sendsSmallFramesTogether() {
		this.buffer.add(frame(1, "one"));
		this.buffer.add(frame(2, "two"));

		String chunk = text(this.buffer.nextChunk());

		assertThat(chunk).containsSubsequence("data: one\n\n", "data: two\n\n");
		assertThat(this.buffer.isEmpty()).isTrue();
	}

	@Test
	void sendsALargeFrameInPieces() {
		String message = "x".repeat(2 * CHUNK_BYTES);
		this.buffer.add(frame(1, message));

		byte[] first = this.buffer.nextChunk();
		byte[] second = this.buffer.nextChunk();
		byte[] third = this.buffer.nextChunk();

		assertThat(first).hasSize(CHUNK_BYTES);
		assertThat(second).hasSize(CHUNK_BYTES);
		assertThat(text(first) + text(second) + text(third)).contains("data: " + message + "\n\n");
		assertThat(this.buffer.isEmpty()).isTrue();
	}

	@Test
	void tellsTheIdOfALargeFrameWithItsLastPieceOnly() {
		SseFrame large = frame(1, "x".repeat(CHUNK_BYTES));
		this.buffer.add(large);

		this.buffer.nextChunk();
		assertThat(this.buffer.takeId()).isNull();

		this.buffer.nextChunk();
		assertThat(this.buffer.takeId()).isEqualTo(large.id());
	}

	@Test
	void tellsTheLastIdOfWhatWasTakenOnce() {
		SseFrame last = frame(2, "two");
		this.buffer.add(frame(1, "one"));
		this.buffer.add(last);
		this.buffer.add(SseFrame.HEARTBEAT);
		this.buffer.nextChunk();

		assertThat(this.buffer.takeId()).isEqualTo(last.id());
		assertThat(this.buffer.takeId()).isNull();
	}

	@Test
	void countsWhatWaitsAndNotWhatIsGoingOut() {
		SseFrame small = frame(2, "two");
		this.buffer.add(frame(1, "x".repeat(CHUNK_BYTES)));
		this.buffer.add(small);

		this.buffer.nextChunk();

		assertThat(this.buffer.bytes()).isEqualTo(small.size());
	}

	@Test
	void forgetsAlsoTheRestOfALargeFrameWhenItIsCleared() {
		this.buffer.add(frame(1, "x".repeat(CHUNK_BYTES)));
		this.buffer.add(frame(2, "two"));
		this.buffer.nextChunk();

		this.buffer.clear();

		assertThat(this.buffer.isEmpty()).isTrue();
		assertThat(this.buffer.bytes()).isZero();
	}

	private static SseFrame frame(long sequence, String message) {
		return SseFrame.stored(new Event(EventId.next("stream", sequence), message.getBytes(StandardCharsets.UTF_8)));
	}

	private static String text(byte[] chunk) {
		return new String(chunk, StandardCharsets.UTF_8);
	}

}
