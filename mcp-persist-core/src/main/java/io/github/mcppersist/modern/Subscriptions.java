package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.SubscriptionStream.Change;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * The subscriptions whose clients listen on this node. Thread-safe.
 */
final class Subscriptions {

	static final String LISTEN = "subscriptions/listen";

	private static final Logger logger = LoggerFactory.getLogger(Subscriptions.class);

	/**
	 * How many characters the URIs of all resources and the IDs of all tasks may have
	 * that clients listen to here. All nodes keep the URIs, and are told of them again
	 * and again. One principal may have a tenth.
	 */
	private static final int MAX_CHARACTERS = 2_000_000;

	/**
	 * How many tasks are read at once for one client: each may be large.
	 */
	private static final int READS_AT_ONCE = 4;

	/**
	 * How long a client may wait until all nodes know to what it listens.
	 */
	private static final Duration TELLING_LIMIT = Duration.ofSeconds(1);

	private final Threads threads;

	private final Parking parking;

	private final Function<Collection<String>, Mono<Void>> tellNodes;

	private final Set<SubscriptionStream> streams = ConcurrentHashMap.newKeySet();

	/**
	 * How many listen to each resource.
	 */
	private final Map<String, Integer> resources = new ConcurrentHashMap<>();

	private final Places places;

	private final Places characters = new Places(MAX_CHARACTERS, MAX_CHARACTERS / 10);

	private volatile boolean ending;

	/**
	 * Create subscriptions.
	 * @param parking knows the tasks
	 * @param tellNodes tells all nodes that clients listen to resources; completes when
	 * they are told
	 */
	Subscriptions(Parking parking, Function<Collection<String>, Mono<Void>> tellNodes) {
		this.parking = parking;
		this.threads = parking.threads();
		ModernSettings settings = parking.settings();
		this.places = new Places(settings.maxSubscriptions(), settings.maxSubscriptionsPerPrincipal());
		this.tellNodes = tellNodes;
	}

	/**
	 * Open a subscription.
	 * @param request the request
	 * @param metadata what it says of its client
	 * @param principal who makes it, or {@code null} for nobody
	 * @param server what the server can do
	 * @param reply answers it
	 * @param refused is told, in place of that, why it can't be answered
	 * @throws RefusedException if it isn't a good one, or there are too many
	 */
	void open(JSONRPCRequest request, RequestMetadata metadata, @Nullable String principal, ServerCapabilities server,
			ModernReply reply, Consumer<ErrorResponse> refused) {
		SubscriptionFilter filter = SubscriptionFilter.of(request.params()).honouredBy(server);
		if (!filter.taskIds().isEmpty() && !metadata.hasTasks()) {
			throw new RefusedException(ErrorResponse.missingCapability(MissingCapability.TASKS));
		}
		for (String taskId : filter.taskIds()) {
			ErrorResponse tooMany = this.parking.poll(this.parking.name(taskId, principal));
			if (tooMany != null) {
				throw new RefusedException(tooMany);
			}
		}
		enter(filter, principal);
		if (filter.taskIds().isEmpty()) {
			open(request, filter, filter, Map.of(), principal, reply);
			return;
		}
		// None that isn't there, or can't be read, is promised
		Flux.fromIterable(filter.taskIds()).flatMapSequential((taskId) -> {
			String name = this.parking.name(taskId, principal);
			return this.parking.reads()
				.find(name)
				.map((task) -> Map.entry(taskId, name))
				.onErrorResume((ex) -> !(ex instanceof TaskStoreUnavailableException), (ex) -> {
					UnreadableTask.error(ex);
					return Mono.empty();
				});
		}, READS_AT_ONCE)
			.collectMap(Map.Entry::getKey, Map.Entry::getValue, LinkedHashMap::new)
			.subscribe((names) -> open(request, filter, filter.withTasks(names.keySet()), names, principal, reply),
					(ex) -> {
						logger.debug("A client can't listen to its tasks now", ex);
						exit(filter, principal);
						refused.accept(TaskRequests.UNAVAILABLE);
					});
	}

	private void open(JSONRPCRequest request, SubscriptionFilter entered, SubscriptionFilter filter,
			Map<String, String> taskNames, @Nullable String principal, ModernReply reply) {
		SubscriptionStream stream = new SubscriptionStream(this.parking, request, filter, principal, reply,
				(closed) -> {
					this.streams.remove(closed);
					exit(entered, principal);
				});
		stream.follow(taskNames);
		// Before the client knows, so that it hears of whatever changes from then on
		this.streams.add(stream);
		tellNodes(filter).subscribe((nothing) -> {
		}, (ex) -> {
			// They are told again in a while
			logger.debug("Other nodes don't know yet to which resources a client listens", ex);
			stream.open();
		}, stream::open);
		if (this.ending) {
			stream.end();
		}
	}

	private Mono<Void> tellNodes(SubscriptionFilter filter) {
		return filter.resourceSubscriptions().isEmpty() ? Mono.empty() : Mono
			.firstWithSignal(this.tellNodes.apply(filter.resourceSubscriptions()), this.threads.after(TELLING_LIMIT));
	}

	private void enter(SubscriptionFilter filter, @Nullable String principal) {
		if (this.ending) {
			throw new RefusedException(ErrorResponse.unavailable("the server is shutting down"));
		}
		switch (this.places.take(principal)) {
			case FULL -> throw new RefusedException(ErrorResponse.unavailable("too many clients are listening"));
			case ENOUGH ->
				throw new RefusedException(ErrorResponse.unavailable("one principal is listening too many times"));
			case TAKEN -> {
			}
		}
		switch (this.characters.take(principal, filter.characters())) {
			case FULL -> {
				this.places.giveBack(principal);
				throw new RefusedException(
						ErrorResponse.unavailable("clients are listening to too many resources and tasks"));
			}
			case ENOUGH -> {
				this.places.giveBack(principal);
				throw new RefusedException(
						ErrorResponse.unavailable("one principal is listening to too many resources and tasks"));
			}
			case TAKEN -> {
			}
		}
		filter.resourceSubscriptions().forEach((uri) -> this.resources.merge(uri, 1, Integer::sum));
	}

	private void exit(SubscriptionFilter filter, @Nullable String principal) {
		filter.resourceSubscriptions()
			.forEach((uri) -> this.resources.computeIfPresent(uri,
					(key, listeners) -> (listeners > 1) ? listeners - 1 : null));
		this.characters.giveBack(principal, filter.characters());
		this.places.giveBack(principal);
	}

	/**
	 * Tell those of a change who want to know of it.
	 * @param method the method of the notification
	 * @param params its parameters
	 */
	void tell(String method, Map<String, ?> params) {
		Change change = new Change(method, params);
		this.streams.forEach((stream) -> stream.tell(change));
	}

	/**
	 * Count the subscriptions.
	 * @return how many clients listen
	 */
	int size() {
		return this.places.taken();
	}

	/**
	 * Return the resources that clients listen to.
	 * @return their URIs
	 */
	Collection<String> resources() {
		return List.copyOf(this.resources.keySet());
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.streams.forEach(SubscriptionStream::tick);
	}

	/**
	 * End all subscriptions, and refuse new ones.
	 */
	void end() {
		this.ending = true;
		this.streams.forEach(SubscriptionStream::end);
	}

	/**
	 * Close all connections.
	 */
	void close() {
		end();
		this.streams.forEach(SubscriptionStream::abort);
	}

}
