package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.spec.McpTransportException;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.stream.ThreadPools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The table of states, row by row.
 */
class RoundResponseTests {

	private static final Duration HEARTBEAT = TestSettings.HEARTBEAT;

	private static final Call.Listener NOBODY = new Call.Listener() {

		@Override
		public void ended(Outcome outcome) {
		}

		@Override
		public void handled() {
		}

	};

	private final ManualThreads threads = new ManualThreads();

	private final RecordingReply reply = new RecordingReply();

	private final AtomicInteger gone = new AtomicInteger();

	private final AtomicInteger closed = new AtomicInteger();

	private final RoundResponse.Listener listener = new RoundResponse.Listener() {

		@Override
		public void clientGone() {
			RoundResponseTests.this.gone.incrementAndGet();
		}

		@Override
		public void closed() {
			RoundResponseTests.this.closed.incrementAndGet();
		}

		@Override
		public void carryOn(Runnable task) {
			task.run();
		}

	};

	private final RoundResponse response = new RoundResponse(this.threads, this.reply, TestSettings.SETTINGS,
			this.listener);

	@Test
	void isJsonWithAStatusWhileNothingWasSent() {
		this.response.end(404, bytes("error"));

		assertThat(this.reply.status).isEqualTo(404);
		assertThat(this.reply.contentType).isEqualTo("application/json");
		assertThat(this.reply.body).hasToString("error");
		assertThat(this.closed).hasValue(1);
		assertThat(this.gone).hasValue(0);
	}

	@Test
	void leavesAsItsClientTakesItIfItIsLarge() {
		String message = "x".repeat(2 * RoundResponse.MAX_WHOLE_BYTES + 1);
		this.threads.pass(Duration.ofMinutes(3));
		this.response.end(200, bytes(message));
		this.response.tick();

		assertThat(this.reply.contentType).isEqualTo("application/json");
		assertThat(this.reply.contentLength).isEqualTo(Integer.toString(message.length()));
		for (int pieces = 0; pieces < 3; pieces++) {
			assertThat(this.reply.body).hasSize(pieces * RoundResponse.MAX_WHOLE_BYTES);
			assertThat(this.closed).hasValue(0);
			this.reply.read(1);
		}
		assertThat(this.closed).hasValue(0);
		this.reply.read(1);

		assertThat(this.reply.body).hasToString(message);
		assertThat(this.reply.ended).isTrue();
		assertThat(this.closed).hasValue(1);
		assertThat(this.gone).hasValue(0);
	}

	@Test
	void isDroppedIfItIsLargeAndItsClientTakesNothingForTwoMinutes() {
		this.threads.pass(Duration.ofMinutes(3));
		this.response.end(200, new byte[2 * RoundResponse.MAX_WHOLE_BYTES]);
		this.reply.read(1);
		this.threads.pass(Duration.ofMinutes(2));
		this.response.tick();
		assertThat(this.closed).hasValue(0);

		this.threads.pass(Duration.ofMillis(1));
		this.response.tick();

		assertThat(this.reply.ended).isTrue();
		assertThat(this.closed).hasValue(1);
		assertThat(this.gone).hasValue(0);
	}

	@Test
	void isWrittenByTheHandlersOwnThread() {
		CompletableFuture<Thread> writer = new CompletableFuture<>();
		ModernReply reply = new ModernReply() {

			@Override
			public void send(int status, Map<String, String> headers, byte[] body) {
				writer.complete(Thread.currentThread());
			}

			@Override
			public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
				writer.completeExceptionally(new IllegalStateException("Not a stream"));
			}

		};
		try (ThreadPools pools = new ThreadPools(null)) {
			RoundResponse response = new RoundResponse(pools, reply, TestSettings.SETTINGS, this.listener);

			new Call(pools, NOBODY).begins(() -> response.end(200, bytes("result")));

			assertThat(writer).isCompletedWithValue(Thread.currentThread());
		}
	}

	@Test
	void isAStreamFromTheFirstNotificationOn() {
		send("one");
		this.reply.read();
		this.response.end(404, bytes("error"));

		assertThat(this.reply.status).isEqualTo(200);
		assertThat(this.reply.contentType).isEqualTo("text/event-stream");
		assertThat(this.reply.body).hasToString("event: message\ndata: one\n\nevent: message\ndata: error\n\n");
		assertThat(this.reply.ended).isTrue();
		assertThat(this.closed).hasValue(1);
		assertThat(this.gone).hasValue(0);
	}

	@Test
	void isAStreamFromTheFirstHeartbeatOn() {
		this.threads.pass(HEARTBEAT);
		this.response.tick();
		assertThat(this.reply.answers).isZero();

		this.threads.pass(Duration.ofMillis(1));
		this.response.tick();
		this.reply.read();

		assertThat(this.reply.contentType).isEqualTo("text/event-stream");
		this.threads.pass(HEARTBEAT.plusMillis(1));
		this.response.tick();
		assertThat(this.reply.body).hasToString(": \n");
	}

	@Test
	void sendsNothingBehindItsEnd() {
		send("one");
		this.reply.read();
		this.response.end(200, bytes("result"));
		String body = this.reply.body.toString();

		send("two");
		this.response.end(200, bytes("another"));
		this.threads.pass(HEARTBEAT.multipliedBy(2));
		this.response.tick();

		assertThat(this.reply.body).hasToString(body);
		assertThat(this.reply.answers).isEqualTo(1);
	}

	@Test
	void answersOnce() {
		this.response.end(200, bytes("result"));
		this.response.end(200, bytes("another"));
		send("late");

		assertThat(this.reply.answers).isEqualTo(1);
		assertThat(this.closed).hasValue(1);
	}

	@Test
	void answersAlsoIfItIsAbortedBeforeItHasBegun() {
		this.response.abort();
		this.response.end(200, bytes("late result"));

		assertThat(this.reply.status).isEqualTo(503);
		assertThat(this.reply.answers).isEqualTo(1);
		assertThat(this.closed).hasValue(1);
		assertThat(this.gone).hasValue(0);
	}

	@Test
	void tellsThatTheClientHasGone() {
		send("one");
		this.reply.read();
		this.reply.close();

		assertThat(this.gone).hasValue(1);
		assertThat(this.closed).hasValue(1);
		send("two");
		this.response.end(200, bytes("late result"));
		assertThat(this.reply.body).doesNotContain("two").doesNotContain("late result");
	}

	@Test
	void takesAClientThatGoesBehindTheResponseForOneThatHasIt() {
		send("one");
		this.response.end(200, bytes("result"));
		this.reply.close();

		assertThat(this.gone).hasValue(0);
		assertThat(this.closed).hasValue(1);
	}

	@Test
	void takesAClientThatReadsNothingForTwoMinutesForOneThatHasGone() {
		send("one");
		this.threads.pass(Duration.ofMinutes(2));
		this.response.tick();
		assertThat(this.gone).hasValue(0);

		this.threads.pass(Duration.ofMillis(1));
		this.response.tick();

		assertThat(this.gone).hasValue(1);
		assertThat(this.reply.ended).isTrue();
	}

	@Test
	void letsSendersWaitForAClientThatReadsSlowly() {
		assertThat(isDone(this.response.send(new byte[300], null))).isTrue();
		AtomicInteger waiting = new AtomicInteger();
		this.response.send(new byte[300], null).subscribe(null, null, waiting::incrementAndGet);
		assertThat(waiting).hasValue(0);

		this.reply.read();

		assertThat(waiting).hasValue(1);
		assertThat(isDone(this.response.send(new byte[300], null))).isTrue();
	}

	@Test
	void refusesWhatASenderThatDoesNotWaitSendsTooMuch() {
		for (int i = 0; i < 3; i++) {
			this.response.send(new byte[300], null).subscribe();
		}

		assertThatExceptionOfType(McpTransportException.class)
			.isThrownBy(() -> this.response.send(new byte[1], null).block());

		this.reply.read();
		assertThat(isDone(this.response.send(new byte[300], null))).isTrue();
	}

	@Test
	void releasesSendersWhenTheClientHasGone() {
		AtomicInteger waiting = new AtomicInteger();
		this.response.send(new byte[600], null).subscribe(null, null, waiting::incrementAndGet);

		this.reply.close();

		assertThat(waiting).hasValue(1);
	}

	@Test
	void sendsProgressOnlyIfItRises() {
		this.reply.read();
		for (double progress : new double[] { 1, 1, 0, Double.NaN, 2, Double.NEGATIVE_INFINITY, 1.5 }) {
			this.response.send(bytes(Double.toString(progress)), progress).subscribe();
		}
		this.reply.read();

		assertThat(this.reply.body).hasToString("event: message\ndata: 1.0\n\nevent: message\ndata: 2.0\n\n");
	}

	private void send(String notification) {
		this.response.send(bytes(notification), null).subscribe();
	}

	private static boolean isDone(Mono<Void> sending) {
		AtomicInteger done = new AtomicInteger();
		sending.subscribe(null, null, done::incrementAndGet);
		return done.get() == 1;
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
