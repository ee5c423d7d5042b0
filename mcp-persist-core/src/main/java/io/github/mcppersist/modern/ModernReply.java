package io.github.mcppersist.modern;

import java.util.Map;

import org.reactivestreams.Publisher;

/**
 * The answer to one HTTP request, as the transport offers it. Exactly one of the two
 * methods is called, once, on any thread.
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

}
