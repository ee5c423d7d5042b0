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
	 * Answer with 200 and a body in chunks, each of which is asked for when the client
	 * can take it. They are cancelled when it has gone.
	 * @param headers the headers
	 * @param chunks the body's bytes
	 */
	void stream(Map<String, String> headers, Publisher<byte[]> chunks);

	/**
	 * Answer with what an output has to say.
	 * @param headers the headers
	 * @return the response, for the output
	 */
	default SseOutput.Response output(Map<String, String> headers) {
		return new SseOutput.Response() {

			@Override
			public void send(byte[] frames) {
				ModernReply.this.send(200, headers, frames);
			}

			@Override
			public void stream(Publisher<byte[]> chunks) {
				ModernReply.this.stream(headers, chunks);
			}

			@Override
			public void refuse() {
				// Aborted before it began: the server is going
				ModernReply.this.send(503, ErrorResponse.FOR_LATER, new byte[0]);
			}

		};
	}

}
