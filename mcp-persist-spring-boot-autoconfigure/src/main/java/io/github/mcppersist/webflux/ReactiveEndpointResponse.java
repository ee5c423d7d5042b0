package io.github.mcppersist.webflux;

import java.util.Map;

import org.reactivestreams.Publisher;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.transport.EndpointResponse;

/**
 * A response of a reactive server. The endpoint gives its answer on any thread and at any
 * time, the server subscribes and cancels at any time, and neither knows of the other.
 */
final class ReactiveEndpointResponse implements EndpointResponse {

	private final ServerHttpResponse response;

	private final Sinks.One<Answer> answer = Sinks.one();

	ReactiveEndpointResponse(ServerHttpResponse response) {
		this.response = response;
	}

	/**
	 * Write the answer when it is given. However the writing ends, and if the client goes
	 * before there is an answer, whoever gives it learns of that: a server may end it
	 * without a word to the stream, since Spring subscribes to a body before the server
	 * does.
	 * @return completes when it is written; to cancel it cancels nothing but the writing
	 */
	Mono<Void> written() {
		return this.answer.asMono()
			.flatMap(Answer::write)
			.doFinally((signal) -> this.answer.asMono().subscribe(Answer::abandon));
	}

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		this.answer.tryEmitValue(new Answer() {

			@Override
			public Mono<Void> write() {
				return ReactiveEndpointResponse.this.write(status, headers, body);
			}

			@Override
			public void abandon() {
			}

		});
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		SseBody body = new SseBody(this.response, chunks);
		this.answer.tryEmitValue(new Answer() {

			@Override
			public Mono<Void> write() {
				headers.forEach(ReactiveEndpointResponse.this.response.getHeaders()::set);
				return ReactiveEndpointResponse.this.response.writeAndFlushWith(body.buffers());
			}

			@Override
			public void abandon() {
				body.abandon();
			}

		});
	}

	private Mono<Void> write(int status, Map<String, String> headers, byte[] body) {
		this.response.setStatusCode(HttpStatusCode.valueOf(status));
		headers.forEach(this.response.getHeaders()::set);
		if (body.length == 0) {
			return this.response.setComplete();
		}
		this.response.getHeaders().setContentLength(body.length);
		return this.response.writeWith(Mono.fromSupplier(() -> this.response.bufferFactory().wrap(body)));
	}

	/**
	 * What the endpoint has to say. The one or the other method is called, or both.
	 */
	private interface Answer {

		Mono<Void> write();

		/**
		 * It was written, can't be written, or not any more.
		 */
		void abandon();

	}

}
