package io.github.mcppersist.webflux;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

/**
 * The connection of a response on Reactor Netty, which asks for up to 128 buffers before
 * it has sent the first one. Other servers ask for the next one when they have sent one.
 */
final class NettyConnection {

	private NettyConnection() {
	}

	/**
	 * Wait until the socket has taken what was written to a response.
	 * @param response the response
	 * @return completes then, or when the connection is closed; at once on another server
	 * than Netty
	 */
	static Mono<Void> sent(ServerHttpResponse response) {
		Object nativeResponse = nativeResponse(response);
		return isNetty(nativeResponse) ? Netty.sent(nativeResponse) : Mono.empty();
	}

	/**
	 * Close the connection of a response, whatever is on its way; on another server than
	 * Netty do nothing.
	 * @param response the response
	 */
	static void close(ServerHttpResponse response) {
		Object nativeResponse = nativeResponse(response);
		if (isNetty(nativeResponse)) {
			Netty.close(nativeResponse);
		}
	}

	// By name: Netty may be absent
	private static boolean isNetty(@Nullable Object nativeResponse) {
		return nativeResponse != null && nativeResponse.getClass().getName().startsWith("reactor.netty.");
	}

	private static @Nullable Object nativeResponse(ServerHttpResponse response) {
		try {
			return ServerHttpResponseDecorator.getNativeResponse(response);
		}
		catch (IllegalArgumentException | IllegalStateException ex) {
			// Not that of a server, but of a test
			return null;
		}
	}

	private static final class Netty {

		static void close(@Nullable Object nativeResponse) {
			if (nativeResponse instanceof Connection connection) {
				connection.channel().close();
			}
		}

		static Mono<Void> sent(@Nullable Object nativeResponse) {
			if (!(nativeResponse instanceof Connection connection)) {
				return Mono.empty();
			}
			Channel channel = connection.channel();
			// In a task of its own, so that it comes behind what is being written now
			return Mono.create((sink) -> channel.eventLoop()
				.execute(() -> channel.writeAndFlush(new DefaultHttpContent(Unpooled.EMPTY_BUFFER))
					.addListener((done) -> sink.success())));
		}

	}

}
