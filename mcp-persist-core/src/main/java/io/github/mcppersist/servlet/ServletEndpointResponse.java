package io.github.mcppersist.servlet;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.transport.EndpointResponse;

/**
 * A servlet response in asynchronous mode.
 * <p>
 * It is not touched before the container says that it can be written to, which it does
 * when the request's thread has left the servlet and all filters. Until then they may
 * still set headers, and a response is not made for two threads.
 */
final class ServletEndpointResponse implements EndpointResponse, WriteListener {

	private static final Logger logger = LoggerFactory.getLogger(ServletEndpointResponse.class);

	private static final Runnable FREE = () -> {
	};

	private final AsyncContext async;

	private final HttpServletResponse response;

	/**
	 * The answer that waits for the response to be free, or {@link #FREE}.
	 */
	private final AtomicReference<@Nullable Runnable> waiting = new AtomicReference<>();

	private volatile @Nullable SseWriter writer;

	private ServletEndpointResponse(AsyncContext async, HttpServletResponse response) {
		this.async = async;
		this.response = response;
	}

	/**
	 * Take over a response. To be called on the request's thread.
	 * @param async the request's asynchronous mode
	 * @param response the response
	 * @return what answers with it
	 * @throws IOException if it can't be written to
	 */
	static ServletEndpointResponse of(AsyncContext async, HttpServletResponse response) throws IOException {
		ServletEndpointResponse endpointResponse = new ServletEndpointResponse(async, response);
		response.getOutputStream().setWriteListener(endpointResponse);
		return endpointResponse;
	}

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		whenFree(() -> {
			try {
				this.response.setStatus(status);
				headers.forEach(this.response::setHeader);
				this.response.setContentLength(body.length);
				this.response.getOutputStream().write(body);
			}
			catch (IOException | IllegalStateException ex) {
				logger.debug("A client went before it was answered", ex);
			}
			finally {
				complete();
			}
		});
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		whenFree(() -> {
			try {
				headers.forEach(this.response::setHeader);
			}
			catch (IllegalStateException ex) {
				logger.debug("A client went before it was answered", ex);
			}
			SseWriter writer = new SseWriter(this.async, this.response);
			this.writer = writer;
			writer.start(chunks);
		});
	}

	/**
	 * End the response to a request that could not be read, on the request's thread. The
	 * container won't say any more that it can be written to, and, if nobody ended it,
	 * would dispatch to the application's error page.
	 */
	void abandon() {
		this.waiting.set(FREE);
		try {
			this.response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
		}
		finally {
			complete();
		}
	}

	private void whenFree(Runnable answer) {
		if (!this.waiting.compareAndSet(null, answer)) {
			answer.run();
		}
	}

	private void free() {
		Runnable answer = this.waiting.getAndSet(FREE);
		if (answer != null) {
			answer.run();
		}
	}

	@Override
	public void onWritePossible() {
		free();
		SseWriter writer = this.writer;
		if (writer != null) {
			writer.onWritePossible();
		}
	}

	/**
	 * An answer that waits is given all the same: whoever gives it learns by that that
	 * the client has gone.
	 * @param ex what happened
	 */
	@Override
	public void onError(Throwable ex) {
		logger.debug("A connection ended with an error", ex);
		free();
		SseWriter writer = this.writer;
		if (writer != null) {
			writer.onError(ex);
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
