package io.github.mcppersist.servlet;

import java.io.IOException;
import java.util.Map;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletResponse;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.transport.EndpointResponse;

/**
 * A servlet response in asynchronous mode.
 */
final class ServletEndpointResponse implements EndpointResponse {

	private static final Logger logger = LoggerFactory.getLogger(ServletEndpointResponse.class);

	private final AsyncContext async;

	private final HttpServletResponse response;

	ServletEndpointResponse(AsyncContext async, HttpServletResponse response) {
		this.async = async;
		this.response = response;
	}

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
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
			this.async.complete();
		}
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		headers.forEach(this.response::setHeader);
		new SseWriter(this.async, this.response).start(chunks);
	}

}
