package io.github.mcppersist.samples.failover;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class SseConnectionTests {

	@Test
	void readsEventsAndPassesOverComments() throws Exception {
		SseConnection connection = connection("""
				id: 1
				retry: 1000
				data:

				: a comment

				event: message
				id: 2
				data: {"a":1}

				""");

		assertThat(connection.next()).isEqualTo(new SseEvent("1", ""));
		assertThat(connection.next()).isEqualTo(new SseEvent("2", "{\"a\":1}"));
		assertThat(connection.next()).isNull();
		assertThat(connection.lastEventId()).isEqualTo("2");
	}

	@Test
	void doesNotCountAnEventThatWasCutOff() throws Exception {
		SseConnection connection = connection("""
				id: 1
				data: whole

				id: 2
				data: cut o""");

		assertThat(connection.next()).isEqualTo(new SseEvent("1", "whole"));
		assertThat(connection.next()).isNull();
		assertThat(connection.lastEventId()).isEqualTo("1");
	}

	@Test
	void cannotResumeFromNothing() throws Exception {
		SseConnection connection = connection("data: without an ID\n\n");

		connection.next();

		assertThatIllegalStateException().isThrownBy(connection::lastEventId);
	}

	@Test
	@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
	void closesWhileSomebodyReads() throws Exception {
		SilentStream silent = new SilentStream();
		SseConnection connection = new SseConnection(silent);
		CompletableFuture<SseEvent> next = CompletableFuture.supplyAsync(() -> {
			try {
				return connection.next();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		});
		silent.reading.await();

		connection.close();

		assertThat(next).succeedsWithin(Duration.ofMinutes(1)).isNull();
	}

	private static SseConnection connection(String body) {
		return new SseConnection(new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));
	}

	/**
	 * Says nothing until it is closed.
	 */
	private static final class SilentStream extends InputStream {

		private final CountDownLatch reading = new CountDownLatch(1);

		private final CountDownLatch closed = new CountDownLatch(1);

		@Override
		public int read() throws IOException {
			this.reading.countDown();
			try {
				this.closed.await();
			}
			catch (InterruptedException ex) {
				throw new IOException(ex);
			}
			return -1;
		}

		@Override
		public void close() {
			this.closed.countDown();
		}

	}

}
