package io.github.mcppersist.transport;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.simulation.SimulatedRequest;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.stream.Threads;

/**
 * An endpoint on threads that a test has in its hands, with a session and one client,
 * which counts what each of its requests is answered.
 */
final class ManualEndpoint {

	private final ManualThreads threads = new ManualThreads();

	private final EventStore store = new InMemoryEventStore();

	private final StreamableHttpEndpoint endpoint;

	private final List<Response> responses = new ArrayList<>();

	private @Nullable String sessionId;

	/**
	 * Start an endpoint and initialize a session.
	 * @param protocolVersion what its client speaks
	 * @param onThreads is asked before each call of the threads
	 * @param onStore is asked before each call of a store
	 */
	ManualEndpoint(String protocolVersion, Gate onThreads, Gate onStore) {
		this(protocolVersion, onThreads, onStore, (builder) -> {
		});
	}

	/**
	 * Start an endpoint that has more to it, and initialize a session.
	 * @param protocolVersion as above
	 * @param onThreads as above
	 * @param onStore as above
	 * @param customizer sets what is different
	 */
	ManualEndpoint(String protocolVersion, Gate onThreads, Gate onStore,
			Consumer<StreamableHttpEndpoint.Builder> customizer) {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint
			.builder(behind(onStore, EventStore.class, this.store))
			.sessionStore(behind(onStore, SessionStore.class, new InMemorySessionStore()))
			.threads(behind(onThreads, Threads.class, this.threads));
		customizer.accept(builder);
		this.endpoint = builder.build();
		McpServer.async(this.endpoint)
			.serverInfo("test", "1")
			.capabilities(ServerCapabilities.builder().tools(true).build())
			.tools(tool("answer", Mono.just(CallToolResult.builder().addTextContent("forty-two").build())),
					tool("hang", Mono.never()))
			.build();
		Response initialized = post("initialize", """
				"protocolVersion":"%s","capabilities":{},"clientInfo":{"name":"test","version":"1"}"""
			.formatted(protocolVersion));
		this.sessionId = initialized.headers.get("Mcp-Session-Id");
		this.responses.clear();
	}

	private static AsyncToolSpecification tool(String name, Mono<CallToolResult> result) {
		return AsyncToolSpecification.builder()
			.tool(Tool.builder(name, Map.of("type", "object")).build())
			.callHandler((exchange, request) -> result)
			.build();
	}

	static <T> T behind(Gate gate, Class<T> type, T target) {
		InvocationHandler handler = (proxy, method, arguments) -> {
			Object instead = gate.before(method);
			return (instead != null) ? instead : invoke(target, method, arguments);
		};
		return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type }, handler));
	}

	private static @Nullable Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
		try {
			return method.invoke(target, arguments);
		}
		catch (InvocationTargetException ex) {
			throw ex.getCause();
		}
	}

	StreamableHttpEndpoint endpoint() {
		return this.endpoint;
	}

	ManualThreads threads() {
		return this.threads;
	}

	List<Response> responses() {
		return this.responses;
	}

	/**
	 * Return the session, while it is held.
	 * @return the session, or {@code null}
	 */
	@Nullable Session session() {
		return this.endpoint.sessions().held(SessionNames.of(this.sessionId));
	}

	void call(String tool) {
		handle("POST", null, toolCall(1, tool));
	}

	/**
	 * Call a tool as a client of 2026-07-28 does, without a session.
	 * @param tool the tool
	 */
	void callModern(String tool) {
		SimulatedRequest call = SimulatedRequest.of("POST", "test", null, null, """
				{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{},"_meta":{
				"io.modelcontextprotocol/protocolVersion":"2026-07-28",
				"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},
				"io.modelcontextprotocol/clientCapabilities":{}}}}""".formatted(tool));
		call.headers().put("mcp-protocol-version", "2026-07-28");
		call.headers().put("mcp-method", "tools/call");
		call.headers().put("mcp-name", tool);
		Response response = new Response();
		this.responses.add(response);
		this.endpoint.handle(call, response);
	}

	void callTwice(String tool) {
		handle("POST", null, "[" + toolCall(1, tool) + "," + toolCall(2, tool) + "]");
	}

	private static String toolCall(int id, String tool) {
		return """
				{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":{}}}""".formatted(id,
				tool);
	}

	Response listen() {
		return handle("GET", null, "");
	}

	void send() {
		this.endpoint.notifyClient(this.sessionId, "notifications/message", Map.of()).block();
	}

	/**
	 * Resume the standalone stream behind its last event.
	 * @return the response
	 */
	Response resume() {
		EventPage page = this.store
			.replayEventsAfter(new StreamKey(SessionNames.of(this.sessionId), "0"), null, Integer.MAX_VALUE)
			.block();
		return handle("GET", page.lastEventId().toString(), "");
	}

	Response post(String method, String parameters) {
		return handle("POST", null, """
				{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s}}""".formatted(method, parameters));
	}

	/**
	 * Send what isn't a single request.
	 * @param body the message, or several
	 * @return the response
	 */
	Response postBody(String body) {
		return handle("POST", null, body);
	}

	private Response handle(String method, @Nullable String lastEventId, String body) {
		Response response = new Response();
		this.responses.add(response);
		this.endpoint.handle(SimulatedRequest.of(method, "test", this.sessionId, lastEventId, body), response);
		return response;
	}

	/**
	 * What may happen in place of a call.
	 */
	interface Gate {

		/**
		 * Let a call through, or not.
		 * @param method what is called
		 * @return what it returns, or {@code null} to call it
		 */
		@Nullable Object before(Method method);

	}

	/**
	 * What a request is answered. Its client takes all of a stream until it stalls.
	 */
	static final class Response extends BaseSubscriber<byte[]> implements EndpointResponse {

		private int answers;

		private int status;

		private String body = "";

		private Map<String, String> headers = Map.of();

		private boolean stalled;

		boolean isAnsweredOnce() {
			return this.answers == 1;
		}

		int status() {
			return this.status;
		}

		String body() {
			return this.body;
		}

		void stall() {
			this.stalled = true;
		}

		@Override
		public void send(int status, Map<String, String> headers, byte[] body) {
			this.answers++;
			this.status = status;
			this.headers = headers;
			this.body = new String(body, StandardCharsets.UTF_8);
		}

		@Override
		public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
			this.answers++;
			chunks.subscribe(this);
		}

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			request(1);
		}

		@Override
		protected void hookOnNext(byte[] chunk) {
			this.body += new String(chunk, StandardCharsets.UTF_8);
			if (!this.stalled) {
				request(1);
			}
		}

	}

}
