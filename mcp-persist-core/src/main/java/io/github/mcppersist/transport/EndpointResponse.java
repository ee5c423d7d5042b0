package io.github.mcppersist.transport;

import java.util.Map;

import org.reactivestreams.Publisher;

/**
 * The answer to one HTTP request, as an adapter offers it to a
 * {@link StreamableHttpEndpoint}. Exactly one of the two methods is called, once, on any
 * thread.
 */
public interface EndpointResponse {

	/**
	 * Answer with a whole body.
	 * @param status the HTTP status
	 * @param headers the headers
	 * @param body the body, which may be empty
	 */
	void send(int status, Map<String, String> headers, byte[] body);

	/**
	 * Answer with 200 and a body that comes in chunks: a stream of Server-Sent Events, or
	 * what is too large to be handed over as a whole. The adapter sends the headers, with
	 * the first chunk if there is one at once, requests a chunk when the connection can
	 * take one, writes and flushes it, and cancels when the client has gone. It ends the
	 * response when the stream ends.
	 * @param headers the headers, with {@code Content-Length} if the length is known: who
	 * gets less than that sees it
	 * @param chunks the body's bytes, a few kilobytes at a time
	 */
	void stream(Map<String, String> headers, Publisher<byte[]> chunks);

}
