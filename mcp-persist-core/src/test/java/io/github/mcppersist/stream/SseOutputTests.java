package io.github.mcppersist.stream;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for how an {@link SseOutput} begins.
 */
class SseOutputTests {

	private static final String STREAM = "stream";

	private final ManualThreads threads = new ManualThreads();

	private final Mailbox mailbox = new Mailbox();

	private final Source source = new Source();

	private final SseOutput output = new SseOutput(this.mailbox, this.threads, this.source);

	private final Openings openings = new Openings(this.threads);

	private final Client client = new Client();

	@Test
	void sendsAsAWholeWhatHasEndedBeforeItBegan() {
		openSoon();

		this.mailbox.execute(() -> {
			this.output.add(priming(1));
			this.output.add(message(2));
			this.output.drain();
			this.output.end();
			this.output.drain();
		});
		this.threads.run();

		assertThat(this.client.whole).startsWith("id: stream_1_").contains("data: message 2\n\n");
		assertThat(this.client.streamed).isFalse();
		assertThat(this.source.closed).isTrue();
	}

	/**
	 * Each line is a field of its own, so that the frame is larger than its message says.
	 */
	@Test
	void sendsAsAWholeAllOfAMessageOfManyLines() {
		openSoon();
		byte[] message = "123456789\n".repeat(1600).getBytes(StandardCharsets.UTF_8);

		this.mailbox.execute(() -> {
			this.output.add(new SseFrame(id(1), message, null));
			this.output.end();
			this.output.drain();
		});
		this.threads.run();

		assertThat(this.client.whole).endsWith("data: 123456789\ndata: \n\n").hasSizeGreaterThan(1600 * 16);
	}

	@Test
	void beginsWithTheFirstMessageAndWhatWaitsForIt() {
		openSoon();
		send(priming(1));
		this.threads.run();
		assertThat(this.client.streamed).isFalse();

		send(message(2));
		this.threads.run();

		assertThat(this.client.chunks).hasSize(1);
		assertThat(this.client.chunks.get(0)).startsWith("id: stream_1_").contains("data: message 2\n\n");
	}

	@Test
	void beginsWithoutAMessageAfterAMoment() {
		openSoon();
		send(priming(1));

		this.threads.pass(Duration.ofMillis(9));
		assertThat(this.client.streamed).isFalse();
		this.threads.pass(Duration.ofMillis(6));

		assertThat(this.client.chunks).hasSize(1);
		assertThat(this.client.chunks.get(0)).startsWith("id: stream_1_");
	}

	@Test
	void endsIfTheServerFailsToTakeWhatIsSent() {
		Error failure = new NoClassDefFoundError("com/example/Filter");
		FailingSubscriber subscriber = new FailingSubscriber(failure);
		this.mailbox.execute(() -> this.output.open(new Client() {
			@Override
			public void stream(Publisher<byte[]> published) {
				published.subscribe(subscriber);
			}
		}));
		this.threads.run();

		send(message(1));
		send(message(2));

		assertThat(subscriber.chunks).isEqualTo(1);
		assertThat(subscriber.error).isSameAs(failure);
		assertThat(this.source.closed).isTrue();
		assertThat(this.source.left).isEmpty();
	}

	@Test
	void streamsWhatIsTooLargeForOneChunk() {
		openSoon();

		this.mailbox.execute(() -> {
			this.output.add(new SseFrame(id(1), new byte[20 * 1024], null));
			this.output.end();
			this.output.drain();
		});
		this.threads.run();

		assertThat(this.client.whole).isNull();
		assertThat(this.client.chunks).hasSize(2);
		assertThat(this.client.completed).isTrue();
	}

	@Test
	void refusesWhatWasClosedBeforeItBegan() {
		openSoon();

		this.mailbox.execute(this.output::finish);
		this.threads.run();

		assertThat(this.client.refused).isTrue();
		assertThat(this.client.begun).isOne();
	}

	@Test
	void refusesWhatIsOpenedWhenItIsClosedAlready() {
		this.mailbox.execute(this.output::finish);

		this.mailbox.execute(() -> this.output.open(this.client));
		this.threads.run();

		assertThat(this.client.refused).isTrue();
		assertThat(this.client.begun).isOne();
	}

	@Test
	void refusesWhatIsClosedOnTheWayToItsAnswer() {
		openSoon();
		send(message(1));
		this.threads.runNext();
		assertThat(this.client.begun).isZero();

		this.mailbox.execute(this.output::finish);
		this.threads.run();

		assertThat(this.client.refused).isTrue();
		assertThat(this.client.begun).isOne();
	}

	@Test
	void refusesWhatHasEndedWithNothingToSay() {
		this.mailbox.execute(this.output::end);

		this.mailbox.execute(() -> this.output.open(this.client));
		this.threads.run();

		assertThat(this.client.refused).isTrue();
		assertThat(this.source.closed).isTrue();
	}

	@Test
	void staysClosedThoughItIsToEndThen() {
		Adapter adapter = new Adapter();
		this.output.subscribe(adapter);
		adapter.request(1);
		this.mailbox.execute(this.output::finish);

		this.mailbox.execute(this.output::end);
		send(message(1));

		assertThat(adapter.chunks).isZero();
	}

	@Test
	void streamsWhatIsOpenedAndHasEndedWithSomethingToSay() {
		this.mailbox.execute(() -> {
			this.output.add(message(1));
			this.output.end();
		});

		this.mailbox.execute(() -> this.output.open(this.client));
		this.threads.run();

		assertThat(this.client.chunks).hasSize(1);
		assertThat(this.client.completed).isTrue();
	}

	@Test
	void beginsOnce() {
		openSoon();
		send(message(1));
		this.threads.run();

		this.threads.pass(Duration.ofMillis(50));
		send(message(2));
		this.threads.run();

		assertThat(this.client.begun).isOne();
		assertThat(this.client.chunks).hasSize(2);
	}

	@Test
	void tellsOfAChunkWhenTheAdapterAsksForTheNextOne() {
		Adapter adapter = new Adapter();
		this.output.subscribe(adapter);
		adapter.request(1);
		send(message(1));
		assertThat(adapter.chunks).isEqualTo(1);
		assertThat(this.source.left).isEmpty();

		adapter.request(1);

		assertThat(this.source.left).containsExactly(1L);
		send(message(2));
		adapter.cancel();
		assertThat(adapter.chunks).isEqualTo(2);
		assertThat(this.source.left).containsExactly(1L);
	}

	@Test
	void tellsOfAChunkAtOnceIfTheAdapterHasAskedForMoreAlready() {
		Adapter adapter = new Adapter();
		this.output.subscribe(adapter);
		adapter.request(2);

		send(message(1));

		assertThat(this.source.left).containsExactly(1L);
	}

	private void openSoon() {
		this.mailbox.execute(() -> this.output.openSoon(this.client));
		this.openings.add(this.output);
	}

	private void send(SseFrame frame) {
		this.mailbox.execute(() -> {
			this.output.add(frame);
			this.output.drain();
		});
	}

	private static SseFrame priming(long sequence) {
		return SseFrame.cursor(id(sequence), null);
	}

	private static SseFrame message(long sequence) {
		return SseFrame.stored(new Event(id(sequence), ("message " + sequence).getBytes(StandardCharsets.US_ASCII)));
	}

	private static EventId id(long sequence) {
		return EventId.next(STREAM, sequence);
	}

	/**
	 * A client that takes all at once.
	 */
	private static class Client implements SseOutput.Response {

		private final List<String> chunks = new ArrayList<>();

		private int begun;

		private boolean streamed;

		private boolean refused;

		private boolean completed;

		private String whole;

		@Override
		public void send(byte[] frames) {
			this.begun++;
			this.whole = new String(frames, StandardCharsets.US_ASCII);
		}

		@Override
		public void refuse() {
			this.begun++;
			this.refused = true;
		}

		@Override
		public void stream(Publisher<byte[]> published) {
			this.begun++;
			this.streamed = true;
			published.subscribe(new BaseSubscriber<byte[]>() {

				@Override
				protected void hookOnSubscribe(Subscription subscription) {
					subscription.request(Long.MAX_VALUE);
				}

				@Override
				protected void hookOnNext(byte[] chunk) {
					Client.this.chunks.add(new String(chunk, StandardCharsets.US_ASCII));
				}

				@Override
				protected void hookOnComplete() {
					Client.this.completed = true;
				}

			});
		}

	}

	/**
	 * Asks for a chunk when the test says so.
	 */
	private static final class Adapter extends BaseSubscriber<byte[]> {

		private int chunks;

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
		}

		@Override
		protected void hookOnNext(byte[] chunk) {
			this.chunks++;
		}

	}

	private static final class FailingSubscriber implements CoreSubscriber<byte[]> {

		private final Error failure;

		private int chunks;

		private Throwable error;

		FailingSubscriber(Error failure) {
			this.failure = failure;
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		public void onNext(byte[] chunk) {
			this.chunks++;
			throw this.failure;
		}

		@Override
		public void onError(Throwable error) {
			this.error = error;
		}

		@Override
		public void onComplete() {
		}

	}

	private static final class Source implements SseOutput.Source {

		private final List<Long> left = new ArrayList<>();

		private boolean closed;

		@Override
		public void more() {
		}

		@Override
		public void left(EventId id) {
			this.left.add(id.sequence());
		}

		@Override
		public void closed(boolean complete) {
			this.closed = true;
		}

	}

	/**
	 * Threads that run when the test says so, in its own time.
	 */
	private static final class ManualThreads implements Threads {

		private final Queue<Runnable> delivery = new ArrayDeque<>();

		private final List<Later> later = new ArrayList<>();

		private long nanos;

		void run() {
			for (Runnable task = this.delivery.poll(); task != null; task = this.delivery.poll()) {
				task.run();
			}
		}

		void runNext() {
			this.delivery.remove().run();
		}

		void pass(Duration time) {
			for (long millis = 0; millis < time.toMillis(); millis++) {
				this.nanos += TimeUnit.MILLISECONDS.toNanos(1);
				List<Later> due = this.later.stream().filter((task) -> task.nanos() <= this.nanos).toList();
				this.later.removeAll(due);
				due.forEach((task) -> this.delivery.add(task.task()));
				run();
			}
		}

		@Override
		public long nanoTime() {
			return this.nanos;
		}

		@Override
		public Executor delivery() {
			return this.delivery::add;
		}

		@Override
		public Disposable deliverLater(Duration delay, Runnable task) {
			Later later = new Later(this.nanos + delay.toNanos(), task);
			this.later.add(later);
			return () -> this.later.removeIf((other) -> other == later);
		}

		@Override
		public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
			throw new UnsupportedOperationException();
		}

		@Override
		public boolean isFull() {
			return false;
		}

		@Override
		public void answer(Runnable task) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void callBack(Runnable task) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void release(Runnable task) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void close() {
		}

		private record Later(long nanos, Runnable task) {
		}

	}

}
