package io.github.mcppersist.servlet;

import java.util.Map;

import org.reactivestreams.Publisher;

import io.github.mcppersist.transport.EndpointResponse;

/**
 * A servlet response in asynchronous mode.
 */
final class ServletEndpointResponse implements EndpointResponse {

	private final ResponseWriter writer;

	ServletEndpointResponse(ResponseWriter writer) {
		this.writer = writer;
	}

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		this.writer.write(new Answer(status, headers, body));
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		chunks.subscribe(this.writer);
		this.writer.write(new Answer(200, headers, null));
	}

}
