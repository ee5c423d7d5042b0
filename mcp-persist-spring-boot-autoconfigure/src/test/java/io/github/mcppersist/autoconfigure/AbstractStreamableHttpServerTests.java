package io.github.mcppersist.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.test.context.assertj.ApplicationContextAssertProvider;
import org.springframework.boot.test.context.runner.AbstractApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What can only be seen with an MCP server on a real web server, whichever it is.
 *
 * @param <R> runs a context
 * @param <C> the context
 * @param <A> the context, for assertions
 */
public abstract class AbstractStreamableHttpServerTests<R extends AbstractApplicationContextRunner<R, C, A>, C extends ConfigurableApplicationContext, A extends ApplicationContextAssertProvider<C>> {

	private final HttpClient client = HttpClient.newHttpClient();

	private final R context;

	private final Class<?> extractor;

	/**
	 * Create the tests.
	 * @param context a runner of a context with a web server and what serves the endpoint
	 * @param extractor a configuration with a transport context extractor, which adds to
	 * a bean {@code extractions}
	 */
	protected AbstractStreamableHttpServerTests(R context, Class<?> extractor) {
		this.context = context
			.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
					InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
					LifecycleAutoConfiguration.class))
			.withUserConfiguration(Server.class)
			.withPropertyValues("server.port=0", "server.address=127.0.0.1", "server.shutdown=graceful",
					"spring.lifecycle.timeout-per-shutdown-phase=30s", "spring.reactor.netty.shutdown-quiet-period=0s");
		this.extractor = extractor;
	}

	protected R context() {
		return this.context;
	}

	@Test
	void stopsAtOnceAlthoughAClientListens() throws IOException {
		InputStream[] body = new InputStream[1];
		long[] stopped = new long[1];

		this.context.run((context) -> {
			body[0] = listen(context, initialize(context)).body();
			assertThat(body[0].read()).isPositive();
			stopped[0] = System.nanoTime();
		});

		assertThat(Duration.ofNanos(System.nanoTime() - stopped[0])).isLessThan(Duration.ofSeconds(15));
		assertThat(body[0].readAllBytes()).isNotEmpty();
	}

	@Test
	void letsARunningRequestEndBeforeItStops() {
		CompletableFuture<String> answer = new CompletableFuture<>();

		this.context.withUserConfiguration(SlowTool.class).run((context) -> {
			CountDownLatch gate = context.getBean(CountDownLatch.class);
			String session = initialize(context);
			HttpRequest.Builder call = post(context,
					"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"slow\",\"arguments\":{}}}")
				.header("Mcp-Session-Id", session);
			int port = port(context);
			HttpResponse<InputStream> response = this.client.send(call.build(), BodyHandlers.ofInputStream());
			assertThat(response.body().read()).isPositive();
			CompletableFuture.runAsync(() -> {
				Awaitility.await().until(() -> refusesConnections(port));
				gate.countDown();
			});
			CompletableFuture.supplyAsync(() -> text(response.body())).thenAccept(answer::complete);
		});

		assertThat(answer).succeedsWithin(Duration.ofMinutes(1)).asString().contains("it took its time");
	}

	private static boolean refusesConnections(int port) throws IOException {
		try (Socket socket = new Socket("127.0.0.1", port)) {
			return !socket.isConnected();
		}
		catch (ConnectException ex) {
			return true;
		}
	}

	private static String text(InputStream body) {
		try {
			return new String(body.readAllBytes(), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Test
	void asksTheContextExtractorAboutEachRequest() {
		this.context.withUserConfiguration(this.extractor).run((context) -> {
			ping(context, initialize(context));

			assertThat(context.getBean("extractions", AtomicInteger.class)).hasPositiveValue();
		});
	}

	@Test
	void handlesRequestsOnTheExecutorOfItsName() {
		AtomicInteger tasks = new AtomicInteger();

		this.context.withBean(StreamableHttpEndpointAutoConfiguration.EXECUTOR, Executor.class, () -> (task) -> {
			tasks.incrementAndGet();
			new Thread(task).start();
		}).run((context) -> {
			// What may run the user's code, whether there is such a tool or not
			HttpRequest request = post(context,
					"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"none\"}}")
				.header("Mcp-Session-Id", initialize(context))
				.build();
			this.client.send(request, BodyHandlers.ofString());

			assertThat(tasks).hasPositiveValue();
		});
	}

	protected String initialize(ApplicationContext context) throws Exception {
		String body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
				+ "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}";
		HttpResponse<String> response = this.client.send(post(context, body).build(), BodyHandlers.ofString());
		return response.headers().firstValue("Mcp-Session-Id").orElseThrow();
	}

	protected void ping(ApplicationContext context, String session) throws Exception {
		HttpRequest request = post(context, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}")
			.header("Mcp-Session-Id", session)
			.build();
		assertThat(this.client.send(request, BodyHandlers.ofString()).body()).contains("\"result\"");
	}

	protected HttpResponse<String> put(ApplicationContext context) throws Exception {
		HttpRequest request = request(context).PUT(HttpRequest.BodyPublishers.ofString("{}")).build();
		return this.client.send(request, BodyHandlers.ofString());
	}

	private HttpResponse<InputStream> listen(ApplicationContext context, String session) throws Exception {
		HttpRequest request = request(context).header("Accept", "text/event-stream")
			.header("Mcp-Session-Id", session)
			.GET()
			.build();
		return this.client.send(request, BodyHandlers.ofInputStream());
	}

	private HttpRequest.Builder post(ApplicationContext context, String body) {
		return request(context).header("Content-Type", "application/json")
			.header("Accept", "application/json, text/event-stream")
			.POST(HttpRequest.BodyPublishers.ofString(body));
	}

	private static int port(ApplicationContext context) {
		return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
	}

	private HttpRequest.Builder request(ApplicationContext context) {
		return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(context) + "/mcp"))
			.timeout(Duration.ofMinutes(1));
	}

	@Configuration(proxyBeanMethods = false)
	static class Server {

		@Bean
		McpSyncServer mcpServer(StreamableHttpEndpoint endpoint) {
			return McpServer.sync(endpoint)
				.serverInfo("test", "1")
				.capabilities(ServerCapabilities.builder().tools(false).build())
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SlowTool {

		@Bean
		CountDownLatch gate(McpSyncServer server) {
			CountDownLatch gate = new CountDownLatch(1);
			server.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder("slow", Map.of("type", "object")).build())
				.callHandler((exchange, request) -> {
					await(gate);
					return CallToolResult.builder().addTextContent("it took its time").build();
				})
				.build());
			return gate;
		}

		private static void await(CountDownLatch gate) {
			try {
				gate.await(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

}
