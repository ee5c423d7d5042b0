package io.github.mcppersist.stream;

import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventId;

/**
 * The way from an {@link SseConnection} to its client: what is added leaves in chunks, as
 * the adapter asks for them. All state belongs to the {@link Mailbox}.
 */
public final class SseOutput implements Publisher<byte[]>, Subscription {

	private static final Logger logger = LoggerFactory.getLogger(SseOutput.class);

	/**
	 * The headers of a stream. With {@code no-cache} alone a cache may keep it, which
	 * ends when it ends, in memory; {@code no-transform} keeps it from being compressed
	 * in blocks; the last is nginx's own.
	 */
	public static final Map<String, String> HEADERS = Map.of(HttpHeaders.CONTENT_TYPE, "text/event-stream",
			HttpHeaders.CACHE_CONTROL, "no-store, no-transform", "X-Accel-Buffering", "no");

	/**
	 * How long a client may leave data lying without taking any of it.
	 */
	private static final long MAX_STALL_NANOS = TimeUnit.MINUTES.toNanos(2);

	private final Mailbox mailbox;

	private final Source source;

	private final Threads threads;

	private final SseBuffer buffer;

	/**
	 * The response that is to be begun; written in the mailbox, read anywhere.
	 */
	private volatile @Nullable Response response;

	/**
	 * Whether it is about to be begun.
	 */
	private boolean beginning;

	/**
	 * Whether there has been a message.
	 */
	private boolean speaking;

	private @Nullable Subscriber<? super byte[]> subscriber;

	private long demand;

	/**
	 * The event ID in what the adapter was given last, until it is known to have left.
	 */
	private @Nullable EventId handedOver;

	/**
	 * Written in the mailbox, read anywhere.
	 */
	private volatile Flow flow = Flow.OPEN;

	private long lastWriteNanos;

	/**
	 * Create an output.
	 * @param mailbox the owner of its state
	 * @param threads tell the time
	 * @param source where frames come from
	 */
	public SseOutput(Mailbox mailbox, Threads threads, Source source) {
		this.threads = threads;
		this.lastWriteNanos = threads.nanoTime();
		this.mailbox = mailbox;
		this.source = source;
		this.buffer = new SseBuffer();
	}

	// On any thread

	// If that fails the client has gone, which changes nothing for the stream
	private void answer(Runnable response) {
		try {
			response.run();
		}
		catch (Throwable ex) {
			// Even if a class is missing: there is a session to let go
			logger.debug("A response could not be begun or ended: its client has gone", ex);
			cancel();
		}
	}

	/**
	 * Say whether this output is to be opened.
	 * @return whether {@link #openNow()} would open it
	 */
	boolean isOpeningSoon() {
		return this.response != null;
	}

	/**
	 * Open what was to be {@linkplain #openSoon(Response) opened soon}.
	 */
	public void openNow() {
		this.mailbox.execute(() -> begin(true));
	}

	@Override
	public void subscribe(Subscriber<? super byte[]> subscriber) {
		subscriber.onSubscribe(this);
		this.mailbox.execute(() -> {
			if (this.flow == Flow.CLOSED) {
				subscriber.onComplete();
				return;
			}
			this.subscriber = subscriber;
			this.source.opened();
			drain();
		});
	}

	@Override
	public void request(long n) {
		this.mailbox.execute(() -> {
			left();
			this.demand = (this.demand + n < 0) ? Long.MAX_VALUE : this.demand + n;
			drain();
		});
	}

	@Override
	public void cancel() {
		this.mailbox.execute(() -> close(false));
	}

	// In the mailbox

	/**
	 * Answer a request with this output now.
	 * @param response is begun
	 */
	void open(Response response) {
		assert this.mailbox.isInside();
		this.response = response;
		this.beginning = true;
		begin(false);
	}

	/**
	 * Answer a request with a body that isn't a stream of events, in chunks as the client
	 * takes it, and close when it has left.
	 * @param body the body, and all that there is
	 * @param response is begun now
	 */
	public void send(byte[] body, Response response) {
		assert this.mailbox.isInside();
		this.buffer.addBody(body);
		end();
		open(response);
	}

	/**
	 * Answer a request with this output as soon as there is a message for the client, so
	 * that this leaves together with the head and the priming event, in one write to the
	 * socket. What has ended by then is answered as a whole.
	 * @param response is begun then, or by {@link #openNow()}
	 */
	public void openSoon(Response response) {
		assert this.mailbox.isInside();
		this.response = response;
		beginSoon();
	}

	/**
	 * Add what is to leave with the next {@link #drain()}.
	 * @param frame what to send
	 */
	public void add(SseFrame frame) {
		assert this.mailbox.isInside();
		this.buffer.add(frame);
		this.speaking |= frame.message() != null;
	}

	/**
	 * Return how much waits.
	 * @return about how many bytes
	 */
	public long bytes() {
		assert this.mailbox.isInside();
		return this.buffer.bytes();
	}

	/**
	 * Send what the client can take, and ask for more if there is nothing.
	 */
	public void drain() {
		assert this.mailbox.isInside();
		beginSoon();
		Subscriber<? super byte[]> subscriber = this.subscriber;
		if (this.flow == Flow.CLOSED || subscriber == null) {
			return;
		}
		while (this.demand > 0 && !this.buffer.isEmpty()) {
			this.demand--;
			this.lastWriteNanos = this.threads.nanoTime();
			byte[] chunk = this.buffer.nextChunk();
			EventId whole = this.buffer.takeId();
			this.handedOver = (whole != null) ? whole : this.handedOver;
			if (!give(subscriber, chunk)) {
				return;
			}
			if (this.demand > 0) {
				// An adapter that has asked ahead doesn't say when this one has left
				left();
			}
		}
		if (this.demand == 0 || !this.buffer.isEmpty()) {
			return;
		}
		if (this.flow == Flow.ENDING) {
			// The end can't overtake the last chunk
			finish();
		}
		else {
			this.source.more();
		}
	}

	// An adapter that throws doesn't have the chunk: what follows can't be sent without
	// it
	private boolean give(Subscriber<? super byte[]> subscriber, byte[] chunk) {
		try {
			subscriber.onNext(chunk);
			return true;
		}
		catch (Throwable ex) {
			logger.warn("A connection was closed, since the server has failed to take what was to be sent", ex);
			close(false);
			answer(() -> subscriber.onError(ex));
			return false;
		}
	}

	// What the adapter was given has left: it asks for more. If it doesn't come to that,
	// the adapter may have dropped it, and nobody may begin behind it
	private void left() {
		assert this.mailbox.isInside();
		EventId left = this.handedOver;
		if (left != null && this.flow != Flow.CLOSED) {
			this.handedOver = null;
			this.source.left(left);
		}
	}

	// Behind what the mailbox is doing: if the stream ends with it, that is known then
	private void beginSoon() {
		assert this.mailbox.isInside();
		if (this.response != null && !this.beginning && (this.speaking || this.flow != Flow.OPEN)) {
			this.beginning = true;
			this.threads.deliverOrRun(() -> this.mailbox.execute(() -> begin(true)));
		}
	}

	private void begin(boolean asWhole) {
		assert this.mailbox.isInside();
		Response response = this.response;
		if (response == null) {
			return;
		}
		this.response = null;
		this.lastWriteNanos = this.threads.nanoTime();
		if (this.flow == Flow.CLOSED || (this.flow == Flow.ENDING && this.buffer.isEmpty())) {
			close(false);
			this.threads.deliverOrRun(() -> answer(response::refuse));
		}
		else if (asWhole && this.flow == Flow.ENDING && this.buffer.isOneChunk()) {
			byte[] whole = this.buffer.takeAll();
			close(true);
			this.threads.deliverOrRun(() -> answer(() -> response.send(whole)));
		}
		else {
			this.threads.deliverOrRun(() -> answer(() -> streamOrRefuse(response)));
		}
	}

	// On its way here it may have been closed, and then the head is yet to be sent
	private void streamOrRefuse(Response response) {
		if (this.flow == Flow.CLOSED) {
			response.refuse();
		}
		else {
			response.stream(this);
		}
	}

	/**
	 * Send a heartbeat if nothing was sent for too long.
	 * @param now the time, in terms of {@link System#nanoTime()}
	 * @param intervalNanos how long is too long, in nanoseconds
	 */
	public void beat(long now, long intervalNanos) {
		assert this.mailbox.isInside();
		if (this.buffer.isEmpty() && this.demand > 0 && now - this.lastWriteNanos > intervalNanos) {
			add(SseFrame.HEARTBEAT);
			drain();
		}
	}

	/**
	 * Say whether the client takes nothing.
	 * @param now the time, in terms of {@link System#nanoTime()}
	 * @return whether it has left data lying for two minutes
	 */
	public boolean isStalled(long now) {
		assert this.mailbox.isInside();
		return this.demand == 0 && now - this.lastWriteNanos > MAX_STALL_NANOS;
	}

	/**
	 * Close once all that was added has left.
	 */
	public void end() {
		assert this.mailbox.isInside();
		if (this.flow == Flow.OPEN) {
			this.flow = Flow.ENDING;
		}
	}

	/**
	 * Close now, and end the client's response.
	 */
	public void finish() {
		assert this.mailbox.isInside();
		if (this.flow == Flow.CLOSED) {
			return;
		}
		// Demand says that the last chunk has left
		boolean complete = this.flow == Flow.ENDING && this.buffer.isEmpty() && this.demand > 0;
		close(complete);
		Subscriber<? super byte[]> subscriber = this.subscriber;
		if (subscriber != null) {
			subscriber.onComplete();
		}
	}

	boolean isOpen() {
		assert this.mailbox.isInside();
		return this.flow != Flow.CLOSED && this.subscriber != null;
	}

	private void close(boolean complete) {
		assert this.mailbox.isInside();
		if (this.flow != Flow.CLOSED) {
			this.flow = Flow.CLOSED;
			this.buffer.clear();
			this.source.closed(complete);
			beginSoon();
		}
	}

	/**
	 * What becomes of what is added.
	 */
	private enum Flow {

		/**
		 * It leaves.
		 */
		OPEN,

		/**
		 * It leaves, and then the output closes.
		 */
		ENDING,

		/**
		 * Nothing leaves any more.
		 */
		CLOSED

	}

	/**
	 * The response that an output is to be. One of its methods is called, once, on a
	 * delivery thread.
	 */
	public interface Response {

		/**
		 * Answer with the whole of it.
		 * @param frames all that there is to say
		 */
		void send(byte[] frames);

		/**
		 * Send the headers, and subscribe to what follows.
		 * @param chunks what there is to say, as it comes
		 */
		void stream(Publisher<byte[]> chunks);

		/**
		 * Answer why there is nothing to say, and never will be: the output has ended
		 * before it began. A stream that is empty would say that all is well.
		 */
		void refuse();

	}

	/**
	 * Where frames come from. Called in the mailbox.
	 */
	public interface Source {

		/**
		 * The response is open.
		 */
		default void opened() {
		}

		/**
		 * The client can take more, and there is nothing for it. What is added is to be
		 * followed by {@link SseOutput#drain()}.
		 */
		void more();

		/**
		 * A whole frame has left, and not just its first pieces, as far as the adapter
		 * tells. Not called for what is answered as a whole.
		 * @param id the event ID that it moved the client's cursor to
		 */
		default void left(EventId id) {
		}

		/**
		 * The output is closed, by the server or because the client has gone. Called
		 * once.
		 * @param complete whether all that was added has left, as far as the adapter
		 * tells
		 */
		void closed(boolean complete);

	}

}
