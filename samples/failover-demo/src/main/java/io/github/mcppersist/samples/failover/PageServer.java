package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Serves the page, tells it what is there ({@code GET /events}), and does what its
 * buttons say ({@code POST /control/...}).
 */
final class PageServer implements AutoCloseable {

	private static final JsonMapper JSON = JsonMapper.shared();

	private static final Map<String, String> TYPES = Map.of("html", "text/html", "css", "text/css", "js",
			"text/javascript", "svg", "image/svg+xml");

	private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

	private static final Duration HEARTBEAT = Duration.ofSeconds(5);

	private static final int OK = 200;

	private static final int NO_CONTENT = 204;

	private static final int FORBIDDEN = 403;

	private static final int NOT_FOUND = 404;

	private static final int FAILED = 500;

	private final HttpServer server;

	private final DemoCluster cluster;

	private final ExecutorService threads = Executors.newCachedThreadPool((task) -> {
		Thread thread = new Thread(task, "page");
		thread.setDaemon(true);
		return thread;
	});

	private PageServer(HttpServer server, DemoCluster cluster) {
		this.server = server;
		this.cluster = cluster;
	}

	/**
	 * Take a port of the loopback address. Nothing is served yet.
	 * @param cluster what the buttons are for
	 * @return the server
	 * @throws IOException if there is no port
	 */
	static PageServer bind(DemoCluster cluster) throws IOException {
		return new PageServer(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0),
				cluster);
	}

	Backend backend() {
		return new Backend("page", this.server.getAddress().getPort());
	}

	/**
	 * Serve.
	 * @param cut cuts the connections of the client of this name
	 */
	void start(Consumer<String> cut) {
		this.server.setExecutor(this.threads);
		this.server.createContext("/", (exchange) -> serve(exchange, () -> file(exchange)));
		this.server.createContext("/events", (exchange) -> serve(exchange, () -> events(exchange)));
		this.server.createContext("/control/", (exchange) -> serve(exchange, () -> control(exchange, cut)));
		this.server.start();
	}

	@Override
	public void close() {
		this.server.stop(0);
		this.threads.shutdownNow();
	}

	// No page of another origin may kill a process, not even one whose name leads here
	private static void serve(HttpExchange exchange, Handler handler) throws IOException {
		try (exchange) {
			String host = exchange.getRequestHeaders().getFirst("Host");
			String origin = exchange.getRequestHeaders().getFirst("Origin");
			if (host == null || !isLocal(host) || (origin != null && !origin.equals("http://" + host))) {
				answer(exchange, FORBIDDEN, "This is for pages of its own.");
				return;
			}
			handler.handle();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static boolean isLocal(String host) {
		String name = host.replaceFirst(":\\d+$", "");
		return LOCAL_NAMES.contains(name);
	}

	private static void file(HttpExchange exchange) throws IOException {
		String path = exchange.getRequestURI().getPath();
		String name = path.equals("/") ? "index.html" : path.substring(1);
		String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
		try (InputStream file = name.matches("[a-z-]+\\.[a-z]+") ? PageServer.class.getResourceAsStream("/page/" + name)
				: null) {
			if (file == null || type == null) {
				answer(exchange, NOT_FOUND, "There is no " + path);
				return;
			}
			exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
			exchange.getResponseHeaders().set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
			exchange.getResponseHeaders().set("Cache-Control", "no-store");
			exchange.sendResponseHeaders(OK, 0);
			file.transferTo(exchange.getResponseBody());
		}
	}

	private void events(HttpExchange exchange) throws IOException, InterruptedException {
		exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
		exchange.getResponseHeaders().set("Cache-Control", "no-store");
		exchange.sendResponseHeaders(OK, 0);
		OutputStream body = exchange.getResponseBody();
		for (int known = -1;;) {
			// Told again when nothing has changed, which is how a page is noticed that
			// has gone
			DemoCluster.State state = this.cluster.await(known, HEARTBEAT);
			known = state.changes();
			body.write(("data: " + JSON.writeValueAsString(state) + "\n\n").getBytes(StandardCharsets.UTF_8));
			body.flush();
		}
	}

	private void control(HttpExchange exchange, Consumer<String> cut) throws IOException, InterruptedException {
		String[] parts = exchange.getRequestURI().getPath().split("/");
		String what = (parts.length > 2) ? parts[2] : "";
		String name = (parts.length > 4) ? parts[3] : "";
		String action = exchange.getRequestMethod() + ' ' + what + ' ' + parts[parts.length - 1];
		try {
			switch (action) {
				case "POST instances kill" -> this.cluster.killInstance(name);
				case "POST instances start" -> this.cluster.startInstance(name);
				case "POST redis stop" -> this.cluster.stopRedis();
				case "POST redis start" -> this.cluster.startRedis();
				case "POST connections cut" -> cut.accept(name);
				default -> {
					answer(exchange, NOT_FOUND, "There is no such button");
					return;
				}
			}
			exchange.sendResponseHeaders(NO_CONTENT, -1);
		}
		catch (IOException | RuntimeException ex) {
			answer(exchange, FAILED, ex.getMessage());
		}
	}

	private static void answer(HttpExchange exchange, int status, @Nullable String text) throws IOException {
		byte[] body = String.valueOf(text).getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
		exchange.sendResponseHeaders(status, body.length);
		exchange.getResponseBody().write(body);
	}

	@FunctionalInterface
	private interface Handler {

		void handle() throws IOException, InterruptedException;

	}

}
