package io.github.mcppersist.modern;

import java.util.Map;

import org.reactivestreams.Publisher;

import io.github.mcppersist.stream.SseOutput;

/**
 * The answer to one HTTP request, as the transport offers it. It is given once, in one
 * way, on any thread.
 */
public interface ModernReply {

	/**
	 * Answer with a whole body.
	 * @param status the HTTP status
	 * @param headers the headers
	 * @param body the body, which may be empty
	 */
	void send(int status, Map<String, String> headers, byte[] body);

	/**
	 * Answer with 200 and a stream, which is cancelled when the client has gone.
	 * @param headers the headers
	 * @param chunks the stream's bytes
	 */
	void stream(Map<String, String> headers, Publisher<byte[]> chunks);

	/**
	 * Answer with Server-Sent Events.
	 * @return the response, for an output
	 */
	default SseOutput.Response events() {
		return new SseOutput.Response() {

			@Override
			public void send(byte[] frames) {
				ModernReply.this.send(200, SseOutput.HEADERS, frames);
			}

			@Override
			public void stream(Publisher<byte[]> chunks) {
				ModernReply.this.stream(SseOutput.HEADERS, chunks);
			}

			@Override
			public void refuse() {
				// Aborted before it began: the server is going
				ModernReply.this.send(503, ErrorResponse.FOR_LATER, new byte[0]);
			}

		};
	}

}
