package io.github.mcppersist.test.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * What the tests of the endpoint have in common: over real sockets, behind any adapter.
 */
public abstract class AbstractStreamableHttpTests {

	private static final Pattern DATA = Pattern.compile("\"data\":\"(\\d+:?\\d*)-*\"");

	protected final TestTools tools = new TestTools();

	private @Nullable StreamableHttpEndpoint endpoint;

	private @Nullable AutoCloseable server;

	private @Nullable WebServer web;

	/**
	 * Serve an endpoint at {@code /mcp} on a free loopback port.
	 * @param endpoint the endpoint
	 * @return the server
	 * @throws Exception if it can't be started
	 */
	protected abstract WebServer serve(StreamableHttpEndpoint endpoint) throws Exception;

	/**
	 * Create the store of a test that doesn't bring its own. It lives until the web
	 * server is closed.
	 * @return a new store
	 */
	protected EventStore createStore() {
		return new InMemoryEventStore();
	}

	/**
	 * Change how an endpoint is built.
	 * @param builder has the stores and the options
	 */
	protected void customize(StreamableHttpEndpoint.Builder builder) {
	}

	@AfterEach
	protected void stop() throws Exception {
		this.tools.openAll();
		if (this.server != null) {
			this.server.close();
		}
		if (this.web != null) {
			this.web.close();
		}
	}

	protected RawMcpClient start() throws Exception {
		return start(StreamableHttpOptions.builder());
	}

	protected RawMcpClient start(EventStore store) throws Exception {
		return start(store, StreamableHttpOptions.builder());
	}

	protected RawMcpClient start(StreamableHttpOptions.Builder options) throws Exception {
		return start(createStore(), options);
	}

	protected RawMcpClient start(EventStore store, StreamableHttpOptions.Builder options) throws Exception {
		return start(store, new InMemorySessionStore(), options);
	}

	protected RawMcpClient start(EventStore store, SessionStore sessionStore, StreamableHttpOptions.Builder options)
			throws Exception {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(store)
			.sessionStore(sessionStore)
			.options(options.build());
		customize(builder);
		this.endpoint = builder.build();
		this.server = this.tools.server(this.endpoint)::close;
		this.web = serve(this.endpoint);
		return client();
	}

	protected RawMcpClient startAsync(StreamableHttpOptions.Builder options) throws Exception {
		this.endpoint = StreamableHttpEndpoint.builder(createStore()).options(options.build()).build();
		this.server = this.tools.asyncServer(this.endpoint)::close;
		this.web = serve(this.endpoint);
		return client();
	}

	/**
	 * Return one more client of the server that was started.
	 * @return the client, without a session
	 */
	protected RawMcpClient client() {
		return new RawMcpClient(Objects.requireNonNull(this.web).port(), "/mcp");
	}

	protected StreamableHttpEndpoint endpoint() {
		return Objects.requireNonNull(this.endpoint);
	}

	/**
	 * Return the numbers that a tool sent.
	 * @param events events of its stream
	 * @return the numbers, in order
	 */
	protected static List<String> numbers(List<SseEvent> events) {
		List<String> numbers = new ArrayList<>();
		for (SseEvent event : events) {
			if (event.data().contains("notifications/message")) {
				Matcher data = DATA.matcher(event.data());
				numbers.add(data.find() ? data.group(1) : event.data());
			}
		}
		return numbers;
	}

	protected static List<String> range(int first, int last) {
		return IntStream.rangeClosed(first, last).mapToObj(Integer::toString).toList();
	}

	protected static SseEvent last(List<SseEvent> events) {
		return events.get(events.size() - 1);
	}

	/**
	 * Read events until one was seen.
	 * @param exchange the response
	 * @param text what is in the event's data
	 * @return the events, the one that was looked for last
	 * @throws Exception if the stream ends before, or nothing comes in time
	 */
	protected static List<SseEvent> readUntil(Exchange exchange, String text) throws Exception {
		List<SseEvent> events = new ArrayList<>();
		do {
			events.add(Objects.requireNonNull(exchange.next(), "the stream ended before " + text));
		}
		while (!last(events).data().contains(text));
		return events;
	}

	/**
	 * Run something that blocks, beside the test.
	 * @param task what to run
	 * @param <T> what it returns
	 * @return what becomes of it, in a minute or never
	 */
	protected static <T> CompletableFuture<T> async(Callable<T> task) {
		CompletableFuture<T> future = new CompletableFuture<>();
		Thread thread = new Thread(() -> {
			try {
				future.complete(task.call());
			}
			catch (Throwable ex) {
				future.completeExceptionally(ex);
			}
		}, "test-client");
		thread.setDaemon(true);
		thread.start();
		return future.orTimeout(60, TimeUnit.SECONDS);
	}

}
