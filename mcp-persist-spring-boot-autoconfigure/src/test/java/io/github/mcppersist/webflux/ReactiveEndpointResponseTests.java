package io.github.mcppersist.webflux;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.channel.ChannelOption;
import org.junit.jupiter.api.Test;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

import io.github.mcppersist.transport.RawMcpClient;
import io.github.mcppersist.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * When a stream learns that nobody takes it, and how much it is asked for.
 */
class ReactiveEndpointResponseTests {

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
	void sendsNothingToAClientThatWentBeforeItsAnswer() {
		this.endpointResponse.written().subscribe().dispose();

		this.endpointResponse.send(200, Map.of(), new byte[1]);

		assertThat(this.response.isCommitted()).isFalse();
	}

	@Test
	void asksForLittleMoreThanTheSocketTakes() throws Exception {
		int chunkBytes = 16 * 1024;
		AtomicLong asked = new AtomicLong();
		Flux<byte[]> endless = Flux.generate((sink) -> {
			asked.addAndGet(chunkBytes);
			sink.next(new byte[chunkBytes]);
		});
		DisposableServer server = HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.childOption(ChannelOption.SO_SNDBUF, chunkBytes)
			.handle(new ReactorHttpHandlerAdapter((request, response) -> {
				ReactiveEndpointResponse endpointResponse = new ReactiveEndpointResponse(response);
				endpointResponse.stream(Map.of("Content-Type", "text/event-stream"), endless);
				return endpointResponse.written();
			}))
			.bindNow();
		try (Exchange stalled = new RawMcpClient(server.port(), "/").stalling().get(null)) {
			assertThat(stalled.status()).isEqualTo(200);

			await().during(Duration.ofMillis(500)).untilAsserted(() -> assertThat(asked).hasValueGreaterThan(0));

			// Without waiting for the socket, at least 128 chunks
			assertThat(asked.get()).isLessThan(64L * chunkBytes);
		}
		finally {
			server.disposeNow(Duration.ofSeconds(10));
		}
	}

}
