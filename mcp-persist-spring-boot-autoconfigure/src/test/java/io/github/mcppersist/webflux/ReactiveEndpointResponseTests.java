package io.github.mcppersist.webflux;

import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * When a stream learns that nobody takes it, and how much it is asked for.
 */
class ReactiveEndpointResponseTests {

	private static final int CHUNK_BYTES = 16 * 1024;

	private final MockServerHttpResponse response = new MockServerHttpResponse();

	private final ReactiveEndpointResponse endpointResponse = new ReactiveEndpointResponse(this.response);

	private final AtomicInteger cancellations = new AtomicInteger();

	private final Flux<byte[]> chunks = Flux.<byte[]>never().doOnCancel(this.cancellations::incrementAndGet);

	@Test
	void cancelsAStreamWhoseClientGoesWhileItIsWritten() {
		Disposable written = this.endpointResponse.written().subscribe();
		this.endpointResponse.stream(Map.of(), this.chunks);
		assertThat(this.cancellations).hasValue(0);

		written.dispose();

		assertThat(this.cancellations).hasValue(1);
	}

	@Test
	void cancelsAStreamWhoseClientWentBeforeItBegan() {
		this.endpointResponse.written().subscribe().dispose();

		this.endpointResponse.stream(Map.of(), this.chunks);

		assertThat(this.cancellations).hasValue(1);
		assertThat(this.response.isCommitted()).isFalse();
	}

	@Test
	void cancelsAStreamWhoseClientGoesWhileTheResponseIsBeingCommitted() {
		this.response.beforeCommit(Mono::never);
		Disposable written = this.endpointResponse.written().subscribe();
		this.endpointResponse.stream(Map.of(), this.chunks);

		written.dispose();

		assertThat(this.cancellations).hasValue(1);
	}

	@Test
	void cancelsAStreamWhoseResponseCantBeCommitted() {
		this.response.beforeCommit(() -> Mono.error(new IllegalStateException("Not today")));
		this.endpointResponse.stream(Map.of(), this.chunks);

		assertThat(this.endpointResponse.written().onErrorComplete().blockOptional()).isEmpty();

		assertThat(this.cancellations).hasValue(1);
	}

	@Test
	void cancelsAStreamWhoseServerDoesntAskForIt() {
		Sinks.Empty<Void> headWritten = Sinks.empty();
		this.response.setWriteHandler((body) -> headWritten.asMono());
		this.endpointResponse.stream(Map.of(), this.chunks);
		this.endpointResponse.written().subscribe();
		assertThat(this.cancellations).hasValue(0);

		headWritten.tryEmitEmpty();

		assertThat(this.cancellations).hasValue(1);
	}

	@Test
	void cancelsAStreamWhoseResponseWasSentBySomebodyElse() {
		this.response.setComplete().block();
		this.endpointResponse.stream(Map.of("Content-Type", "text/event-stream"), this.chunks);

		assertThat(this.endpointResponse.written().onErrorComplete().blockOptional()).isEmpty();

		assertThat(this.cancellations).hasValue(1);
	}

	/**
	 * Spring subscribes to the body before Netty does, which never does if the client
	 * goes before the head is written.
	 * @throws Exception if the request can't be sent
	 */
	@Test
	void cancelsAStreamWhoseHeadNettyCantWrite() throws Exception {
		Sinks.Empty<Void> subscribed = Sinks.empty();
		DisposableServer server = HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.doOnConnection(
					(connection) -> connection.channel().pipeline().addFirst(failingWrites(subscribed.asMono())))
			.handle(new ReactorHttpHandlerAdapter((request, response) -> {
				ReactiveEndpointResponse endpointResponse = new ReactiveEndpointResponse(response);
				endpointResponse.stream(Map.of("Content-Type", "text/event-stream"),
						this.chunks.doOnSubscribe((subscription) -> subscribed.tryEmitEmpty()));
				return endpointResponse.written();
			}))
			.bindNow();
		try (Socket client = new Socket("127.0.0.1", server.port())) {
			client.getOutputStream()
				.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.UTF_8));

			await().until(() -> this.cancellations.get() == 1);
		}
		finally {
			server.disposeNow(Duration.ofSeconds(10));
		}
	}

	private static ChannelOutboundHandlerAdapter failingWrites(Mono<Void> when) {
		return new ChannelOutboundHandlerAdapter() {

			@Override
			public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
				ReferenceCountUtil.release(message);
				when.subscribe((nothing) -> {
				}, promise::setFailure,
						() -> context.executor().execute(() -> promise.setFailure(new ClosedChannelException())));
			}

		};
	}

	@Test
	void sendsNothingToAClientThatWentBeforeItsAnswer() {
		this.endpointResponse.written().subscribe().dispose();

		this.endpointResponse.send(200, Map.of(), new byte[1]);

		assertThat(this.response.isCommitted()).isFalse();
	}

	@Test
	void asksForLittleMoreThanTheSocketTakes() throws Exception {
		AtomicLong asked = new AtomicLong();
		DisposableServer server = endless(asked, HttpProtocol.HTTP11);
		try (Exchange stalled = new RawMcpClient(server.port(), "/").stalling().get(null)) {
			assertThat(stalled.status()).isEqualTo(200);

			assertThat(bytesAskedFor(asked)).isLessThan(64L * CHUNK_BYTES);
		}
		finally {
			server.disposeNow(Duration.ofSeconds(10));
		}
	}

	@Test
	void asksForLittleMoreThanAStreamOfHttp2Takes() {
		AtomicLong asked = new AtomicLong();
		DisposableServer server = endless(asked, HttpProtocol.H2C);
		Disposable stalled = HttpClient.create()
			.protocol(HttpProtocol.H2C)
			.get()
			.uri("http://127.0.0.1:" + server.port())
			.responseContent()
			.subscribeWith(new BaseSubscriber<>() {

				@Override
				protected void hookOnSubscribe(Subscription subscription) {
					subscription.request(1);
				}

			});
		try {
			assertThat(bytesAskedFor(asked)).isLessThan(64L * CHUNK_BYTES);
		}
		finally {
			stalled.dispose();
			server.disposeNow(Duration.ofSeconds(10));
		}
	}

	private static DisposableServer endless(AtomicLong asked, HttpProtocol protocol) {
		Flux<byte[]> chunks = Flux.generate((sink) -> {
			asked.addAndGet(CHUNK_BYTES);
			sink.next(new byte[CHUNK_BYTES]);
		});
		return HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.protocol(protocol)
			.childOption(ChannelOption.SO_SNDBUF, CHUNK_BYTES)
			.handle(new ReactorHttpHandlerAdapter((request, response) -> {
				ReactiveEndpointResponse endpointResponse = new ReactiveEndpointResponse(response);
				endpointResponse.stream(Map.of("Content-Type", "text/event-stream"), chunks);
				return endpointResponse.written();
			}))
			.bindNow();
	}

	/**
	 * Return how much a stream was asked for, when it isn't asked for more.
	 * @param asked counts it; without waiting for the socket 128 chunks are asked for
	 * @return the number of bytes
	 */
	private static long bytesAskedFor(AtomicLong asked) {
		AtomicLong before = new AtomicLong();
		await().pollInterval(Duration.ofMillis(300))
			.until(() -> before.getAndSet(asked.get()) == asked.get() && asked.get() > 0);
		return asked.get();
	}

}
