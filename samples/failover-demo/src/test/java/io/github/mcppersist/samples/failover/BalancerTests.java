package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BalancerTests {

	private final HttpClient http = HttpClient.newHttpClient();

	private final List<HttpServer> servers = new ArrayList<>();

	private final List<Backend> instances = new CopyOnWriteArrayList<>();

	private final CountDownLatch released = new CountDownLatch(1);

	private final CompletableFuture<IOException> broken = new CompletableFuture<>();

	private Balancer balancer;

	@BeforeEach
	void start() throws IOException {
		this.instances.add(serve("A"));
		this.instances.add(serve("B"));
		this.balancer = Balancer.start(0, () -> this.instances, serve("page"));
	}

	@AfterEach
	void stop() throws IOException {
		this.released.countDown();
		this.balancer.close();
		this.servers.forEach((server) -> server.stop(0));
	}

	@Test
	void sendsAClientsNextRequestToTheOtherInstance() throws Exception {
		assertThat(List.of(ask("one"), ask("one"), ask("other"), ask("one"), ask("other"))).containsExactly("A", "B",
				"A", "A", "B");
	}

	@Test
	void tellsWhoHasAnswered() throws Exception {
		HttpResponse<String> response = this.http.send(request("/mcp").build(), BodyHandlers.ofString());

		assertThat(response.headers().firstValue(Balancer.INSTANCE)).contains(response.body());
	}

	@Test
	void asksTheInstanceThatARequestNames() throws Exception {
		HttpRequest request = request("/mcp").header(Balancer.INSTANCE, "B").build();

		assertThat(this.http.send(request, BodyHandlers.ofString()).body()).isEqualTo("B");
		assertThat(this.http.send(request, BodyHandlers.ofString()).body()).isEqualTo("B");
	}

	@Test
	void passesOverAnInstanceThatIsNotThere() throws Exception {
		this.instances.set(0, new Backend("A", closedPort()));

		assertThat(List.of(ask("one"), ask("one"))).containsExactly("B", "B");
	}

	@Test
	void saysThatNobodyServes() throws Exception {
		this.instances.clear();

		assertThat(this.http.send(request("/mcp").build(), BodyHandlers.ofString()).statusCode()).isEqualTo(503);
	}

	@Test
	void sendsAllThatIsNotMcpToThePage() throws Exception {
		assertThat(this.http.send(request("/?n=3").build(), BodyHandlers.ofString()).body()).isEqualTo("page");
		assertThat(this.http.send(request("/mcp-or-so").build(), BodyHandlers.ofString()).body()).isEqualTo("page");
	}

	@Test
	void passesABodyOn() throws Exception {
		String body = "x".repeat(1_000_000);

		HttpResponse<String> response = this.http.send(
				request("/mcp").header("Echo", "yes").POST(HttpRequest.BodyPublishers.ofString(body)).build(),
				BodyHandlers.ofString());

		assertThat(response.body()).isEqualTo(body);
	}

	@Test
	void holdsNothingBack() throws Exception {
		try (InputStream events = stream("one")) {
			assertThat(events.readNBytes(5)).asString(StandardCharsets.US_ASCII).isEqualTo("first");
			this.released.countDown();
			assertThat(events.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("last");
		}
	}

	@Test
	void cutsTheConnectionsOfOneClientOnBothSides() throws Exception {
		try (InputStream one = stream("one"); InputStream other = stream("other")) {
			one.readNBytes(5);
			other.readNBytes(5);

			assertThat(this.balancer.cut("one")).isOne();

			assertThatIOException().isThrownBy(one::readAllBytes);
			this.released.countDown();
			assertThat(other.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("last");
			assertThat(this.broken).succeedsWithin(1, TimeUnit.MINUTES);
		}
	}

	@Test
	void forgetsAConnectionThatIsOver() throws Exception {
		ask("one");

		await().until(() -> this.balancer.cut("one"), (cut) -> cut == 0);
	}

	@Test
	void saysWhichPortCannotBeHad() throws Exception {
		assertThatIOException()
			.isThrownBy(() -> Balancer.start(this.balancer.port(), () -> this.instances, this.instances.get(0)))
			.withMessageContaining("Port " + this.balancer.port())
			.withMessageContaining("--port=N");
	}

	private String ask(String client) throws Exception {
		return this.http.send(request("/mcp").header(Balancer.CLIENT, client).build(), BodyHandlers.ofString()).body();
	}

	private InputStream stream(String client) throws Exception {
		return this.http
			.send(request("/mcp").header(Balancer.CLIENT, client).header("Stream", "yes").build(),
					BodyHandlers.ofInputStream())
			.body();
	}

	private HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create("http://localhost:" + this.balancer.port() + path));
	}

	private Backend serve(String name) throws IOException {
		HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		server.setExecutor((task) -> new Thread(task).start());
		server.createContext("/", (exchange) -> answer(exchange, name));
		server.start();
		this.servers.add(server);
		return new Backend(name, server.getAddress().getPort());
	}

	private void answer(HttpExchange exchange, String name) throws IOException {
		byte[] body = exchange.getRequestBody().readAllBytes();
		exchange.sendResponseHeaders(200, 0);
		if (exchange.getRequestHeaders().containsKey("Stream")) {
			stream(exchange);
		}
		else {
			exchange.getResponseBody()
				.write(exchange.getRequestHeaders().containsKey("Echo") ? body
						: name.getBytes(StandardCharsets.US_ASCII));
		}
		exchange.close();
	}

	private void stream(HttpExchange exchange) throws IOException {
		exchange.getResponseBody().write("first".getBytes(StandardCharsets.US_ASCII));
		exchange.getResponseBody().flush();
		try {
			this.released.await();
			exchange.getResponseBody().write("last".getBytes(StandardCharsets.US_ASCII));
			exchange.getResponseBody().flush();
		}
		catch (IOException ex) {
			this.broken.complete(ex);
			throw ex;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static int closedPort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

}
