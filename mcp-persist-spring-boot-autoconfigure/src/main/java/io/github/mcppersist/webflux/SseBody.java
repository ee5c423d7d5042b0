package io.github.mcppersist.webflux;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A stream of chunks as the body of a response. A chunk is asked for when the one before
 * has left: servers ask for many buffers ahead, which a slow client would fill the memory
 * with.
 */
final class SseBody {

	/**
	 * How long the last chunk may be on its way once the stream has ended.
	 */
	private static final Duration GRACE = Duration.ofSeconds(1);

	private final ServerHttpResponse response;

	private final Publisher<byte[]> chunks;

	private final AtomicBoolean taken = new AtomicBoolean();

	private final Sinks.Empty<Void> abandoned = Sinks.empty();

	/**
	 * Whether a chunk is on its way.
	 */
	private volatile boolean sending;

	SseBody(ServerHttpResponse response, Publisher<byte[]> chunks) {
		this.response = response;
		this.chunks = chunks;
	}

	/**
	 * Return the body.
	 * @return groups of buffers, to be flushed one by one; the first one is empty, to
	 * send the headers before there is anything to say
	 */
	Flux<Publisher<DataBuffer>> buffers() {
		Flux<Publisher<DataBuffer>> rest = Flux
			.defer(() -> this.taken.compareAndSet(false, true) ? Flux.from(this.chunks)
				.doOnComplete(this::closeIfSending)
				.takeUntilOther(this.abandoned.asMono())
				.concatMap(this::buffer, 0) : Flux.empty());
		return Flux.concat(Mono.just(Flux.empty()), rest);
	}

	private Flux<Publisher<DataBuffer>> buffer(byte[] chunk) {
		this.sending = true;
		Sinks.Empty<Void> handedOver = Sinks.empty();
		Mono<DataBuffer> buffer = Mono.fromSupplier(() -> this.response.bufferFactory().wrap(chunk));
		return Mono.<Publisher<DataBuffer>>just(buffer.doFinally((signal) -> handedOver.tryEmitEmpty()))
			.concatWith(handedOver.asMono()
				.then(NettyConnection.sent(this.response))
				.doOnSuccess((nothing) -> this.sending = false)
				.then(Mono.empty()));
	}

	// Netty would wait for ever for a client that takes nothing. What was handed over a
	// moment ago has yet to leave
	private void closeIfSending() {
		if (this.sending) {
			Mono.delay(GRACE).filter((tick) -> this.sending).subscribe((tick) -> NettyConnection.close(this.response));
		}
	}

	/**
	 * Tell the stream, if it hasn't ended, that nobody takes anything of it any more,
	 * whether somebody has subscribed to it or not.
	 */
	void abandon() {
		this.abandoned.tryEmitEmpty();
		if (this.taken.compareAndSet(false, true)) {
			this.chunks.subscribe(new BaseSubscriber<>() {

				@Override
				protected void hookOnSubscribe(Subscription subscription) {
					subscription.cancel();
				}

			});
		}
	}

}
