package io.github.mcppersist.webflux;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.Channel;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A Reactor Netty on a free port that serves an endpoint at {@code /mcp}. Whoever the
 * header {@value #USER} names is the authenticated principal, and in the Reactor context.
 */
final class NettyServer implements WebServer {

	static final String USER = "X-Test-User";

	private final Set<Channel> connections = ConcurrentHashMap.newKeySet();

	private final DisposableServer server;

	NettyServer(StreamableHttpEndpoint endpoint) {
		this.server = HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.doOnConnection((connection) -> opened(connection.channel()))
			.handle(new ReactorHttpHandlerAdapter(httpHandler(endpoint)))
			.bindNow();
	}

	private void opened(Channel connection) {
		this.connections.add(connection);
		connection.closeFuture().addListener((closed) -> this.connections.remove(connection));
	}

	static HttpHandler httpHandler(StreamableHttpEndpoint endpoint) {
		return RouterFunctions.toHttpHandler(new StreamableHttpHandlerFunction(endpoint).at("/mcp"),
				HandlerStrategies.builder().webFilter(NettyServer::authenticate).build());
	}

	private static Mono<Void> authenticate(ServerWebExchange exchange, WebFilterChain chain) {
		String user = exchange.getRequest().getHeaders().getFirst(USER);
		if (user == null) {
			return chain.filter(exchange);
		}
		return chain.filter(exchange.mutate().principal(Mono.just(() -> user)).build())
			.contextWrite((context) -> context.put(USER, user));
	}

	/**
	 * Return how many connections clients have to this server.
	 */
	int connections() {
		return this.connections.size();
	}

	@Override
	public int port() {
		return this.server.port();
	}

	@Override
	public void close() {
		this.server.disposeNow(Duration.ofSeconds(10));
	}

}
