package io.github.mcppersist.modern;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

import io.modelcontextprotocol.spec.McpTransportException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.SseFrame;
import io.github.mcppersist.stream.SseOutput;
import io.github.mcppersist.stream.Threads;

/**
 * The HTTP response to a request: JSON if the response is the first thing to say, so that
 * an error has its HTTP status, and a stream of Server-Sent Events else (MCP 2026-07-28,
 * "Receiving Messages"). Thread-safe: its state belongs to a {@link Mailbox}.
 * <table>
 * <caption>What happens in which state</caption>
 * <tr>
 * <th></th>
 * <th>undecided</th>
 * <th>streaming</th>
 * <th>ended</th>
 * </tr>
 * <tr>
 * <td>notification</td>
 * <td>streaming: is the first event</td>
 * <td>is an event</td>
 * <td>is dropped</td>
 * </tr>
 * <tr>
 * <td>response</td>
 * <td>ended: is the body, as JSON; a large one leaves as the client takes it</td>
 * <td>ended: is the last event</td>
 * <td>is dropped</td>
 * </tr>
 * <tr>
 * <td>silence for a heartbeat</td>
 * <td>streaming: without an event</td>
 * <td>a comment</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the client takes nothing for two minutes</td>
 * <td></td>
 * <td>ended: the client is told to have gone</td>
 * <td>what is left of it is dropped</td>
 * </tr>
 * <tr>
 * <td>the client has gone</td>
 * <td>isn't seen</td>
 * <td>ended: the client is told to have gone</td>
 * <td></td>
 * </tr>
 * </table>
 */
final class RoundResponse implements SseOutput.Source {

	private static final Logger logger = LoggerFactory.getLogger(RoundResponse.class);

	/**
	 * How large a body is handed over as a whole, of which it isn't known when it has
	 * left.
	 */
	static final int MAX_WHOLE_BYTES = 16 * 1024;

	private final Mailbox mailbox = new Mailbox();

	private final Threads threads;

	private final ModernReply reply;

	private final ModernSettings settings;

	private final Listener listener;

	private final SseOutput output;

	private final long begunNanos;

	/**
	 * Bytes on their way into the mailbox.
	 */
	private final AtomicLong entering = new AtomicLong();

	/**
	 * Bytes that wait for the client. Written in the mailbox, read anywhere.
	 */
	private volatile long buffered;

	private final Deque<MonoSink<Void>> waiting = new ArrayDeque<>();

	private State state = State.UNDECIDED;

	private double progress = Double.NEGATIVE_INFINITY;

	RoundResponse(Threads threads, ModernReply reply, ModernSettings settings, Listener listener) {
		this.threads = threads;
		this.reply = reply;
		this.settings = settings;
		this.listener = listener;
		this.output = new SseOutput(this.mailbox, threads, this);
		this.begunNanos = threads.nanoTime();
	}

	/**
	 * Send a notification.
	 * @param notification the notification
	 * @param progress the progress that it tells, which must rise, or {@code null} if it
	 * tells none
	 * @return completes when the sender may go on, which is later if the client reads
	 * slowly; fails if more than {@link ModernSettings#maxConnectionBytes()} wait
	 * already, which senders that wait don't bring about
	 */
	Mono<Void> send(byte[] notification, @Nullable Double progress) {
		return Mono.defer(() -> {
			if (waitingBytes() > this.settings.maxConnectionBytes()) {
				return Mono.error(new McpTransportException("The client reads too slowly: wait for each notification"));
			}
			this.entering.addAndGet(notification.length);
			this.mailbox.execute(() -> {
				this.entering.addAndGet(-notification.length);
				add(notification, progress);
			});
			return (waitingBytes() > this.settings.maxConnectionBytes() / 2) ? Mono.create(this::await) : Mono.empty();
		});
	}

	private long waitingBytes() {
		return this.entering.get() + this.buffered;
	}

	/**
	 * End with a response, unless it has ended.
	 * @param status the HTTP status, if nothing was sent before
	 * @param message the response
	 */
	void end(int status, byte[] message) {
		this.mailbox.execute(() -> {
			switch (this.state) {
				case UNDECIDED -> {
					this.state = State.ENDED;
					if (status == 200 && message.length > MAX_WHOLE_BYTES) {
						this.output.send(message, this.reply.output(headersOf(message)));
						return;
					}
					this.threads.carryOnBehind(() -> sendWhole(status, message));
					closed(true);
				}
				case STREAMING -> {
					this.state = State.ENDED;
					this.output.add(new SseFrame(null, message, null));
					this.output.end();
					this.output.drain();
				}
				case ENDED -> {
				}
			}
		});
	}

	// Or who gets only the beginning, since the server goes, would take that for all
	private static Map<String, String> headersOf(byte[] message) {
		Map<String, String> headers = new LinkedHashMap<>(ErrorResponse.headers(200));
		headers.put("Content-Length", String.valueOf(message.length));
		return headers;
	}

	private void sendWhole(int status, byte[] message) {
		try {
			this.reply.send(status, ErrorResponse.headers(status), message);
		}
		catch (RuntimeException ex) {
			logger.debug("A client went before it was answered", ex);
		}
	}

	/**
	 * Let time pass: a client that hears nothing gets a heartbeat, by which it is seen
	 * whether it is there.
	 */
	void tick() {
		this.mailbox.execute(() -> {
			long now = this.threads.nanoTime();
			long intervalNanos = this.settings.heartbeatInterval().toNanos();
			if (this.state == State.UNDECIDED) {
				if (now - this.begunNanos > intervalNanos) {
					beginStream();
					this.output.openNow();
				}
			}
			else if (this.output.isStalled(now)) {
				this.output.finish();
			}
			else if (this.state == State.STREAMING) {
				this.output.beat(now, intervalNanos);
			}
		});
	}

	/**
	 * Close the connection, whether all has left or not. A response that hasn't begun
	 * begins for that, or its client would wait for ever.
	 */
	void abort() {
		this.mailbox.execute(() -> {
			boolean undecided = this.state == State.UNDECIDED;
			this.output.finish();
			if (undecided) {
				open();
			}
		});
	}

	// In the mailbox

	private void add(byte[] notification, @Nullable Double progress) {
		if (this.state == State.ENDED) {
			logger.debug("A notification was dropped, its request has ended");
			return;
		}
		if (progress != null) {
			if (!(progress > this.progress)) {
				logger.debug("A progress notification was dropped, it doesn't rise");
				return;
			}
			this.progress = progress;
		}
		if (this.state == State.UNDECIDED) {
			beginStream();
		}
		this.output.add(new SseFrame(null, notification, null));
		this.buffered = this.output.bytes();
		this.output.drain();
	}

	private void beginStream() {
		this.state = State.STREAMING;
		open();
	}

	private void open() {
		this.output.openSoon(this.reply.output(SseOutput.HEADERS));
	}

	private void await(MonoSink<Void> sender) {
		this.mailbox.execute(() -> {
			this.waiting.add(sender);
			if (this.state == State.ENDED || this.buffered == 0) {
				release();
			}
		});
	}

	private void release() {
		while (!this.waiting.isEmpty()) {
			MonoSink<Void> sender = this.waiting.remove();
			this.threads.release(() -> this.listener.carryOn(sender::success));
		}
	}

	@Override
	public void more() {
		this.buffered = 0;
		release();
	}

	@Override
	public void closed(boolean complete) {
		boolean gone = this.state == State.STREAMING;
		this.state = State.ENDED;
		this.buffered = 0;
		release();
		if (gone) {
			this.listener.clientGone();
		}
		this.listener.closed();
	}

	private enum State {

		UNDECIDED, STREAMING, ENDED

	}

	/**
	 * Is told in the mailbox what becomes of a response.
	 */
	interface Listener {

		/**
		 * The client has closed the stream, which cancels the request.
		 */
		void clientGone();

		/**
		 * Nothing more leaves.
		 */
		void closed();

		/**
		 * Let a sender go on that waited; not called in the mailbox.
		 * @param task lets it go on
		 */
		void carryOn(Runnable task);

	}

}
