package io.github.mcppersist.servlet;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/**
 * Writes an answer to a response without ever blocking: a piece when the one before has
 * left, and on when the container says so. Of a stream it asks for a chunk at a time.
 * <p>
 * It writes nothing before the container has said that it can, which it does when the
 * request's thread has left the servlet and all filters. Until then they may still set
 * headers, and a response is not made for two threads.
 * <p>
 * The answer, the signals of its stream and the container's callbacks come on different
 * threads; they only set a flag and call {@link #drain()}, which one thread at a time
 * runs. It alone writes to the response, and not after completing it.
 * <p>
 * Once the container has told its listeners of an error or the end, it uses response and
 * context again for another connection. So these callbacks wait until the step that is
 * under way is done; no step follows.
 */
final class ResponseWriter implements Subscriber<byte[]>, WriteListener, AsyncListener {

	private static final Logger logger = LoggerFactory.getLogger(ResponseWriter.class);

	private static final String ADVICE = "Register a StreamableHttpFilter in front of the filter that does it, keep that "
			+ "off this path, or have it leave the response alone when request.isAsyncStarted() after the chain";

	/**
	 * How much the container is given at a time: what it can't send it copies.
	 */
	private static final int WRITE_BYTES = 16 * 1024;

	private final AsyncContext async;

	private final ContainerResponse response;

	private final Duration maxWait;

	/**
	 * Signals that no step has seen.
	 */
	private final AtomicInteger pending = new AtomicInteger();

	/**
	 * Held during a step, and by the container's last callbacks.
	 */
	private final ReentrantLock lock = new ReentrantLock();

	private volatile @Nullable Answer answer;

	private volatile @Nullable Subscription subscription;

	private volatile byte @Nullable [] next;

	private volatile boolean writable;

	private volatile @Nullable Disposable waiting;

	private volatile boolean waitedTooLong;

	private volatile boolean finished;

	private volatile boolean gone;

	/**
	 * Written with the lock only, as are those below.
	 */
	private volatile boolean closed;

	private volatile boolean cancelDue;

	private boolean begun;

	private byte @Nullable [] chunk;

	private int written;

	private boolean flush;

	/**
	 * Whether the head of a stream is yet to leave: with the first chunk if there is one.
	 */
	private boolean headDue;

	private boolean requested;

	/**
	 * Create a writer.
	 * @param async the asynchronous mode that it completes
	 * @param response where to write
	 * @param maxWait how long an answer waits for the container at most
	 */
	ResponseWriter(AsyncContext async, ContainerResponse response, Duration maxWait) {
		this.async = async;
		this.response = response;
		this.maxWait = maxWait;
	}

	/**
	 * Write an answer, now or when the container lets it. Called once.
	 * @param answer the answer; one with a stream after this was subscribed to it
	 */
	void write(Answer answer) {
		this.answer = answer;
		if (!this.writable && !this.closed) {
			this.waiting = Schedulers.parallel().schedule(() -> {
				this.waitedTooLong = true;
				drain();
			}, this.maxWait.toMillis(), TimeUnit.MILLISECONDS);
		}
		drain();
	}

	/**
	 * End the response, unless it has begun.
	 * @param status the status to end it with
	 */
	void end(int status) {
		this.lock.lock();
		try {
			if (!this.closed && !this.begun) {
				try {
					this.response.end(status);
				}
				finally {
					close(true);
				}
			}
		}
		finally {
			this.lock.unlock();
			cancelIfDue();
		}
	}

	@Override
	public void onSubscribe(Subscription subscription) {
		this.subscription = subscription;
		if (this.closed) {
			subscription.cancel();
		}
	}

	@Override
	public void onNext(byte[] chunk) {
		this.next = chunk;
		drain();
	}

	@Override
	public void onComplete() {
		this.finished = true;
		drain();
	}

	/**
	 * From the container, or from the stream: either way nothing more can be written.
	 */
	@Override
	public void onError(Throwable ex) {
		logger.debug("A connection ended with an error", ex);
		this.gone = true;
		drain();
	}

	@Override
	public void onWritePossible() {
		this.writable = true;
		drain();
	}

	@Override
	public void onComplete(AsyncEvent event) {
		letGo();
	}

	/**
	 * Completing here keeps the container from dispatching to the application's error
	 * page: a client that went is no error of the application's, and after one of a
	 * filter, which the container logs, a page can't be written where a listener writes.
	 */
	@Override
	public void onError(AsyncEvent event) {
		logger.debug("A connection ended with an error", event.getThrowable());
		end(500);
		this.gone = true;
		letGo();
		complete();
	}

	@Override
	public void onTimeout(AsyncEvent event) {
		letGo();
		this.response.end(503);
		complete();
	}

	@Override
	public void onStartAsync(AsyncEvent event) {
		letGo();
	}

	private void drain() {
		if (this.pending.getAndIncrement() > 0) {
			return;
		}
		int seen = 1;
		do {
			this.lock.lock();
			try {
				if (!this.closed) {
					step();
				}
			}
			finally {
				this.lock.unlock();
			}
			cancelIfDue();
			seen = this.pending.addAndGet(-seen);
		}
		while (seen != 0);
	}

	private void step() {
		if (this.gone) {
			close(true);
			return;
		}
		try {
			// Finished in the middle of a chunk means: at once, the client takes nothing
			if ((this.begun || begin()) && (this.finished || writeOn())) {
				close(false);
			}
		}
		catch (Throwable ex) {
			// Whatever a container or a wrapper throws: the client has gone, in most
			// cases. Even an Error must not leave the connection open for ever
			logger.debug("An answer could not be written", ex);
			close(true);
		}
	}

	private boolean begin() {
		if (this.writable && this.response.isTaken()) {
			notAnswered("a filter has refused it, or has sent the response, after the endpoint was called");
			close(true);
			return false;
		}
		if (!this.writable && this.waitedTooLong) {
			notAnswered("the container has not said in " + this.maxWait.toMillis() + " ms that it can be written to, "
					+ "since a filter does not return, or has reset the response");
			end(500);
			return false;
		}
		Answer answer = this.answer;
		if (!this.writable || answer == null) {
			return false;
		}
		stopWaiting();
		this.begun = true;
		this.response.begin(answer);
		this.chunk = answer.body();
		this.headDue = answer.isStream();
		return true;
	}

	private boolean writeOn() throws IOException {
		ServletOutputStream out = this.response.stream();
		while (out.isReady()) {
			byte[] current = this.chunk;
			if (current != null) {
				int length = Math.min(WRITE_BYTES, current.length - this.written);
				out.write(current, this.written, length);
				this.written += length;
				if (this.written == current.length) {
					this.chunk = null;
					this.flush = this.subscription != null;
				}
			}
			else if (this.flush) {
				this.flush = false;
				this.headDue = false;
				out.flush();
			}
			else if (!take()) {
				if (!this.headDue || this.finished) {
					return this.finished || this.subscription == null;
				}
				this.flush = true;
			}
		}
		return false;
	}

	/**
	 * Take the next chunk, asking for it if that wasn't done yet.
	 * @return whether there is one
	 */
	private boolean take() {
		Subscription subscription = this.subscription;
		if (!this.requested && subscription != null) {
			this.requested = true;
			subscription.request(1);
		}
		byte[] taken = this.next;
		if (taken == null) {
			return false;
		}
		this.next = null;
		this.requested = false;
		this.chunk = taken;
		this.written = 0;
		return true;
	}

	/**
	 * Touch the response no more when this returns: the container takes it back.
	 */
	private void letGo() {
		this.lock.lock();
		try {
			if (!this.closed && !this.begun && !this.gone) {
				notAnswered("a filter has completed it, dispatched it, or set a timeout");
			}
			forget();
		}
		finally {
			this.lock.unlock();
		}
		cancel();
	}

	private void notAnswered(String reason) {
		logger.warn("A request gets no answer of the MCP endpoint: {}. {} ({})", reason, ADVICE,
				this.response.describe());
	}

	private void close(boolean cancel) {
		forget();
		complete();
		this.cancelDue = cancel;
	}

	/**
	 * Cancel the stream if a step has closed the response for it. Without the lock: what
	 * is cancelled is others'.
	 */
	private void cancelIfDue() {
		if (this.cancelDue && !this.lock.isHeldByCurrentThread()) {
			cancel();
		}
	}

	private void forget() {
		this.closed = true;
		this.chunk = null;
		this.next = null;
		stopWaiting();
	}

	private void stopWaiting() {
		Disposable waiting = this.waiting;
		if (waiting != null) {
			waiting.dispose();
		}
	}

	private void cancel() {
		Subscription subscription = this.subscription;
		if (subscription != null) {
			subscription.cancel();
		}
	}

	private void complete() {
		try {
			this.async.complete();
		}
		catch (IllegalStateException ex) {
			logger.trace("The container has completed the response already", ex);
		}
	}

}
