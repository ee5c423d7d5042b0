package io.github.mcppersist.servlet;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a stream of chunks to a response without ever blocking: it asks for a chunk when
 * the one before has left, and waits for the container to say that it can write on.
 * <p>
 * The container's callbacks and the stream's signals come on different threads; they only
 * set a flag and call {@link #drain()}, which one thread at a time runs. It alone writes
 * to the response, and not after completing it.
 * <p>
 * Once the container has told its listeners of an error or the end, it uses response and
 * context again for another connection. So these callbacks, and these alone, wait until
 * the step that is under way is done; no step follows.
 */
final class SseWriter implements Subscriber<byte[]>, WriteListener, AsyncListener {

	private static final Logger logger = LoggerFactory.getLogger(SseWriter.class);

	/**
	 * How much the container is given at a time: what it can't send it copies.
	 */
	private static final int WRITE_BYTES = 16 * 1024;

	private final AsyncContext async;

	private final ServletResponse response;

	/**
	 * Signals that no step has seen. Until {@link #start} is done it holds one itself, so
	 * that no step completes a response that is being set up.
	 */
	private final AtomicInteger pending = new AtomicInteger(1);

	/**
	 * Held during a step, and by the container's last callbacks.
	 */
	private final ReentrantLock lock = new ReentrantLock();

	private volatile @Nullable Subscription subscription;

	private volatile byte @Nullable [] next;

	private volatile boolean writable;

	private volatile boolean finished;

	private volatile boolean gone;

	// Only with the lock

	private byte @Nullable [] chunk;

	private int written;

	/**
	 * True at first, to send the headers before there is anything to say.
	 */
	private boolean flush = true;

	private boolean requested;

	private boolean closed;

	SseWriter(AsyncContext async, ServletResponse response) {
		this.async = async;
		this.response = response;
	}

	/**
	 * Start writing. The container has said once that it can be written to, and is to
	 * tell this writer from now on.
	 * @param chunks what to write
	 */
	void start(Publisher<byte[]> chunks) {
		try {
			this.async.addListener(this);
			chunks.subscribe(this);
			this.writable = true;
		}
		catch (IllegalStateException ex) {
			onError(ex);
		}
		takeTurns();
	}

	@Override
	public void onSubscribe(Subscription subscription) {
		this.subscription = subscription;
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
	 * A client that went is no error for the application's error page: completing here
	 * keeps the container from dispatching to it.
	 */
	@Override
	public void onError(AsyncEvent event) {
		logger.debug("A connection ended with an error", event.getThrowable());
		letGo();
		complete();
	}

	@Override
	public void onTimeout(AsyncEvent event) {
		letGo();
		complete();
	}

	@Override
	public void onStartAsync(AsyncEvent event) {
	}

	private void drain() {
		if (this.pending.getAndIncrement() == 0) {
			takeTurns();
		}
	}

	private void takeTurns() {
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
			if (this.finished || (this.writable && writeOn())) {
				// Finished in the middle of a chunk means: at once, the client takes
				// nothing
				close(false);
			}
		}
		catch (IOException | IllegalStateException ex) {
			logger.debug("A client has gone", ex);
			close(true);
		}
	}

	private boolean writeOn() throws IOException {
		ServletOutputStream out = this.response.getOutputStream();
		while (out.isReady()) {
			byte[] current = this.chunk;
			if (current != null) {
				int length = Math.min(WRITE_BYTES, current.length - this.written);
				out.write(current, this.written, length);
				this.written += length;
				if (this.written == current.length) {
					this.chunk = null;
					this.flush = true;
				}
			}
			else if (this.flush) {
				this.flush = false;
				out.flush();
			}
			else if (!take()) {
				return this.finished;
			}
		}
		return false;
	}

	/**
	 * Take the next chunk, asking for it if that wasn't done yet.
	 * @return whether there is one
	 */
	private boolean take() {
		if (!this.requested) {
			this.requested = true;
			Subscription subscription = this.subscription;
			if (subscription != null) {
				subscription.request(1);
			}
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
			forget();
		}
		finally {
			this.lock.unlock();
		}
		cancel();
	}

	private void forget() {
		this.closed = true;
		this.chunk = null;
		this.next = null;
	}

	private void close(boolean cancel) {
		forget();
		complete();
		if (cancel) {
			cancel();
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
