package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.SubscriptionStream.Change;
import io.github.mcppersist.stream.Threads;

/**
 * The subscriptions whose clients listen on this node. Thread-safe.
 */
final class Subscriptions {

	static final String LISTEN = "subscriptions/listen";

	private static final Logger logger = LoggerFactory.getLogger(Subscriptions.class);

	/**
	 * How many characters the URIs of all resources may have that clients listen to here.
	 * All nodes keep them, and are told of them again and again.
	 */
	private static final int MAX_CHARACTERS = 2_000_000;

	/**
	 * How long a client may wait until all nodes know to what it listens.
	 */
	private static final Duration TELLING_LIMIT = Duration.ofSeconds(1);

	private final Threads threads;

	private final Messages messages;

	private final ModernSettings settings;

	private final Function<Collection<String>, Mono<Void>> tellNodes;

	private final Set<SubscriptionStream> streams = ConcurrentHashMap.newKeySet();

	/**
	 * How many listen to each resource.
	 */
	private final Map<String, Integer> resources = new ConcurrentHashMap<>();

	private final Places places;

	private final AtomicInteger characters = new AtomicInteger();

	private volatile boolean ending;

	/**
	 * Create subscriptions.
	 * @param threads the endpoint's threads
	 * @param messages write what goes to clients
	 * @param settings the settings
	 * @param tellNodes tells all nodes that clients listen to resources; completes when
	 * they are told
	 */
	Subscriptions(Threads threads, Messages messages, ModernSettings settings,
			Function<Collection<String>, Mono<Void>> tellNodes) {
		this.threads = threads;
		this.messages = messages;
		this.settings = settings;
		this.places = new Places(settings.maxSubscriptions(), settings.maxSubscriptionsPerPrincipal());
		this.tellNodes = tellNodes;
	}

	/**
	 * Open a subscription.
	 * @param request the request
	 * @param principal who makes it, or {@code null} for nobody
	 * @param server what the server can do
	 * @param reply answers it
	 * @throws RefusedException if it isn't a good one, or there are too many
	 */
	void open(JSONRPCRequest request, @Nullable String principal, ServerCapabilities server, ModernReply reply) {
		SubscriptionFilter filter = SubscriptionFilter.of(request.params()).honouredBy(server);
		enter(filter, principal);
		SubscriptionStream stream = new SubscriptionStream(this.threads, this.messages, this.settings, request, filter,
				reply, (closed) -> closed(closed, principal));
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
		if (this.characters.addAndGet(filter.characters()) > MAX_CHARACTERS) {
			leave(filter, principal);
			throw new RefusedException(ErrorResponse.unavailable("clients are listening to too many resources"));
		}
		filter.resourceSubscriptions().forEach((uri) -> this.resources.merge(uri, 1, Integer::sum));
	}

	private void closed(SubscriptionStream stream, @Nullable String principal) {
		this.streams.remove(stream);
		stream.filter()
			.resourceSubscriptions()
			.forEach((uri) -> this.resources.computeIfPresent(uri,
					(key, listeners) -> (listeners > 1) ? listeners - 1 : null));
		leave(stream.filter(), principal);
	}

	private void leave(SubscriptionFilter filter, @Nullable String principal) {
		this.characters.addAndGet(-filter.characters());
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
