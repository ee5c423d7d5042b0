package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.transport.EndpointRequest;
import io.github.mcppersist.transport.EndpointResponse;
import io.github.mcppersist.transport.SimulatedEndpoints;
import io.github.mcppersist.transport.StoreFailurePolicy;
import io.github.mcppersist.transport.StreamConnection;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A node: a real endpoint with a real MCP server, on simulated threads and stores.
 */
final class SimulatedNode {

	static final String TOOL = "count";

	private static final McpJsonMapper JSON = McpJsonDefaults.getMapper();

	// The arguments are the simulation's own
	private static final JsonSchemaValidator NO_VALIDATOR = (schema, content) -> JsonSchemaValidator.ValidationResponse
		.asValid(null);

	private static final String ID_FORMAT = "node%07d";

	private final World world;

	private final Simulation simulation;

	private final Place place;

	private final StreamableHttpEndpoint endpoint;

	/**
	 * What is yet to be sent, by sender: each sends one message after the other.
	 */
	private final Map<String, Deque<Runnable>> senders = new HashMap<>();

	private int runningTools;

	private int waitingSenders;

	private boolean stopping;

	private long goneNanos = Long.MAX_VALUE;

	private final Interruptions pauses;

	SimulatedNode(World world, Simulation simulation, Plan plan, SimulatedDatabase database, SimulatedNodes nodes,
			int number) {
		this.world = world;
		this.simulation = simulation;
		this.place = new Place("node " + number);
		this.pauses = new Interruptions(world);
		String nodeId = String.format(Locale.ROOT, ID_FORMAT, number);
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint
			.builder(new SimulatedEventStore(database, this.place, plan.shared() ? nodeId : null))
			.sessionStore(new SimulatedSessionStore(database, this.place))
			.jsonMapper(JSON)
			.options(SimulatedEndpoints.looking(plan.lookInterval())
				.maxConnectionBytes(plan.maxConnectionBytes())
				.maxUnstoredBytes(plan.maxUnstoredBytes())
				.sessionCacheTimeout(plan.sessionCacheTimeout())
				.maxConnectionAge(plan.maxConnectionAge())
				.onStoreFailure(plan.rejects() ? StoreFailurePolicy.REJECT : StoreFailurePolicy.CONTINUE)
				.serverName("simulated")
				.build());
		if (plan.encoded()) {
			builder.payloadCodec(new PlaceCodec(world));
		}
		if (plan.shared()) {
			builder.nodeRegistry(nodes.register(this.place, nodeId));
		}
		this.endpoint = SimulatedEndpoints.on(builder, new SimulatedThreads(world, this.place)).build();
		McpServer.async(this.endpoint)
			.serverInfo("simulated", "1")
			.requestTimeout(Duration.ofSeconds(20))
			.jsonMapper(JSON)
			.jsonSchemaValidator(NO_VALIDATOR)
			.capabilities(ServerCapabilities.builder().tools(true).logging().build())
			.tools(List.of(AsyncToolSpecification.builder()
				.tool(Tool.builder(TOOL, Map.of("type", "object")).build())
				.callHandler(this::count)
				.build()))
			.build();
	}

	Place place() {
		return this.place;
	}

	boolean isRunning() {
		return this.place.isRunning();
	}

	boolean isStopping() {
		return this.stopping;
	}

	EndpointStatistics statistics() {
		return this.endpoint.statistics();
	}

	int runningTools() {
		return this.runningTools;
	}

	int waitingSenders() {
		return this.waitingSenders;
	}

	/**
	 * Return when this node died or was stopped.
	 * @return the time, or that of doomsday
	 */
	long goneNanos() {
		return this.goneNanos;
	}

	/**
	 * Return when this node stood still.
	 * @return its pauses
	 */
	Interruptions pauses() {
		return this.pauses;
	}

	void pause() {
		this.pauses.begin();
		this.place.pause();
	}

	void goOn() {
		this.pauses.end();
		this.place.goOn();
	}

	void die() {
		this.goneNanos = Math.min(this.goneNanos, this.world.nanoTime());
		this.place.die();
	}

	void stop(Duration grace, Runnable then) {
		this.stopping = true;
		this.goneNanos = Math.min(this.goneNanos, this.world.nanoTime());
		this.endpoint.shutDown(grace).subscribe((nothing) -> {
		}, (ex) -> this.world.fail("error: a shutdown failed: " + ex), then);
	}

	void handle(EndpointRequest request, EndpointResponse response) {
		this.endpoint.handle(request, response);
	}

	/**
	 * Send a client a message on its standalone stream, once those before it are taken.
	 * @param sessionId the client's session
	 * @param message the message
	 * @param accepted is run if the endpoint has taken it
	 */
	void send(String sessionId, String message, Runnable accepted) {
		inTurn(message, (params) -> this.endpoint.notifyClient(sessionId, "notifications/message", params), accepted);
	}

	/**
	 * Send a message to all clients that listen on this node, once those before it are
	 * taken.
	 * @param message the message
	 * @param accepted is run if the endpoint has taken it
	 */
	void broadcast(String message, Runnable accepted) {
		inTurn(message, (params) -> this.endpoint.notifyClients("notifications/message", params), accepted);
	}

	private void inTurn(String message, Function<Object, Mono<Void>> sending, Runnable accepted) {
		String sender = Messages.senderOf(Messages.nameOf(message));
		Deque<Runnable> queue = this.senders.computeIfAbsent(sender, (key) -> new ArrayDeque<>());
		this.waitingSenders++;
		queue.add(() -> sendNow(message, sending, accepted, queue));
		if (queue.size() == 1) {
			queue.element().run();
		}
	}

	private void sendNow(String message, Function<Object, Mono<Void>> sending, Runnable accepted,
			Deque<Runnable> queue) {
		this.world.trace(message, "  " + this.place + " sends " + Messages.nameOf(message));
		sending.apply(Map.of("level", "info", "data", message)).subscribe((nothing) -> {
		}, (ex) -> {
			this.world.trace(message, "  " + this.place + " could not send " + Messages.nameOf(message));
			sent(queue);
		}, () -> {
			accepted.run();
			sent(queue);
		});
	}

	private void sent(Deque<Runnable> queue) {
		this.waitingSenders--;
		queue.remove();
		if (!queue.isEmpty()) {
			queue.element().run();
		}
	}

	/**
	 * The tool: sends numbered messages, at the pace that its arguments say. Its result
	 * is how many of them were taken.
	 */
	private Mono<CallToolResult> count(McpAsyncServerExchange exchange, CallToolRequest request) {
		String call = request.arguments().get("call").toString();
		List<?> sizes = (List<?>) request.arguments().get("sizes");
		List<?> gaps = (List<?>) request.arguments().get("gaps");
		List<?> asks = (List<?>) request.arguments().get("asks");
		List<?> closes = (List<?>) request.arguments().get("closes");
		AtomicInteger taken = new AtomicInteger();
		this.runningTools++;
		this.world.trace(call, "  " + this.place + " runs the tool for " + call);
		return Flux.range(0, sizes.size())
			.concatMap((i) -> pause(call, ((Number) gaps.get(i)).intValue()).then(Mono.defer(() -> {
				String message = Messages.of(call, i + 1, ((Number) sizes.get(i)).intValue());
				if (closes.contains(i) && StreamConnection.of(exchange).close()) {
					this.world.trace(call, "  " + this.place + " closes the connection of " + call);
					this.simulation.closes(call);
				}
				if (asks.contains(i)) {
					return ask(exchange, message, taken);
				}
				return exchange
					.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.INFO, message).build())
					.doOnSuccess((nothing) -> taken.incrementAndGet())
					// It carries on with the next one
					.onErrorResume(EventStoreException.class, (ex) -> Mono.empty());
			})))
			.then(Mono.defer(() -> pause(call, ((Number) gaps.get(sizes.size())).intValue())))
			.then(Mono.fromSupplier(() -> CallToolResult.builder().addTextContent(Messages.count(taken.get())).build()))
			.doOnSuccess((result) -> this.simulation.completed(call))
			.doFinally((signal) -> this.runningTools--);
	}

	// The question is a message like all others. Its answer has to be that to this one
	private Mono<Void> ask(McpAsyncServerExchange exchange, String message, AtomicInteger taken) {
		String name = Messages.nameOf(message);
		return exchange
			.createElicitation(ElicitRequest.builder(message, Map.of("type", "object", "properties", Map.of())).build())
			.doOnNext((result) -> {
				if (!Map.of("to", name).equals(result.content())) {
					this.world.fail("foreign: " + name + " was answered with " + result.content());
				}
			})
			.then()
			.doOnSuccess((nothing) -> taken.incrementAndGet())
			.onErrorResume((ex) -> {
				this.world.trace(name, "  " + this.place + " has no answer to " + name + ": " + ex.getMessage());
				if (ex instanceof TimeoutException) {
					taken.incrementAndGet();
					this.simulation.unanswered(name);
				}
				else if (!(ex instanceof EventStoreException)) {
					// The stream has ended: as any message that comes after that
					taken.incrementAndGet();
				}
				return Mono.empty();
			});
	}

	private Mono<Void> pause(String call, int millis) {
		return (millis == 0) ? Mono.empty() : Mono.create((sink) -> this.world.later(this.place, "goes on with " + call,
				Duration.ofMillis(millis), sink::success));
	}

	@Override
	public String toString() {
		return this.place.toString();
	}

}
