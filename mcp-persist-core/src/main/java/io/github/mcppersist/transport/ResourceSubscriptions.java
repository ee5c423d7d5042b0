package io.github.mcppersist.transport;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.modelcontextprotocol.spec.ProtocolVersions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.SubscriptionStore;

/**
 * Makes the SDK tell this node of each update of a resource that any session, on any
 * node, is subscribed to. The SDK keeps the subscribers in a map of its own, on one node,
 * and forgets them with the session. So the real index is in the session store, and in
 * the SDK's map there is a single subscriber, which stands for all: a session of no
 * client.
 * <p>
 * Thread-safe. A resource is added as soon as this node hears of a subscription, and
 * taken off when two looks in a row have found no subscriber in the store.
 */
final class ResourceSubscriptions {

	/**
	 * The session ID of the subscriber that stands for all.
	 */
	static final String SUBSCRIBER = "mcp-persist.subscriber";

	private static final Logger logger = LoggerFactory.getLogger(ResourceSubscriptions.class);

	private final SubscriptionStore store;

	/**
	 * The resources that the SDK has the subscriber for, each with the number of the look
	 * by which it was last known to be wanted.
	 */
	private final Map<String, Long> wanted = new ConcurrentHashMap<>();

	private final AtomicLong looks = new AtomicLong();

	private volatile @Nullable McpStreamableServerSession subscriber;

	ResourceSubscriptions(SubscriptionStore store) {
		this.store = store;
	}

	void start(SdkSessions sdkSessions) {
		this.subscriber = sdkSessions.restore(SUBSCRIBER, new InitializeRequest(ProtocolVersions.MCP_2025_11_25,
				ClientCapabilities.builder().build(), new Implementation(SUBSCRIBER, "1")));
	}

	/**
	 * Return the session that has to handle a request.
	 * @param message the request
	 * @param session the client's session
	 * @return the session of the subscriber that stands for all for a subscription, and
	 * otherwise the client's
	 */
	McpStreamableServerSession sessionFor(JSONRPCRequest message, McpStreamableServerSession session) {
		McpStreamableServerSession subscriber = this.subscriber;
		return (McpSchema.METHOD_RESOURCES_SUBSCRIBE.equals(message.method()) && subscriber != null) ? subscriber
				: session;
	}

	/**
	 * Have the SDK tell of updates from now on.
	 * @param uris the resources
	 */
	void add(Collection<String> uris) {
		long look = this.looks.get();
		for (String uri : uris) {
			if (this.wanted.put(uri, look) == null) {
				tellSdk(McpSchema.METHOD_RESOURCES_SUBSCRIBE, uri);
			}
		}
	}

	/**
	 * Look which resources have subscribers.
	 * @return completes when the SDK knows; never fails
	 */
	Mono<Void> refresh() {
		return Mono.defer(() -> {
			long look = this.looks.incrementAndGet();
			return this.store.findSubscribedUris().doOnNext((uris) -> found(uris, look));
		}).onErrorResume((ex) -> {
			logger.debug("Subscriptions could not be read; trying again later", ex);
			return Mono.empty();
		}).then();
	}

	private void found(Set<String> uris, long look) {
		add(uris);
		for (String uri : new HashSet<>(this.wanted.keySet())) {
			this.wanted.computeIfPresent(uri, (key, wantedAt) -> {
				// One that came while this look was under way isn't in what it found
				if (uris.contains(key) || wantedAt >= look - 1) {
					return wantedAt;
				}
				tellSdk(McpSchema.METHOD_RESOURCES_UNSUBSCRIBE, key);
				return null;
			});
		}
	}

	private void tellSdk(String method, String uri) {
		McpStreamableServerSession subscriber = this.subscriber;
		if (subscriber != null) {
			subscriber.responseStream(new NoTransport())
				.handle(new JSONRPCRequest(method, "1", Map.of("uri", uri)))
				.subscribe((nothing) -> {
				}, (ex) -> logger.debug("The MCP server has no subscriptions", ex));
		}
	}

	/**
	 * Where answers go that nobody waits for.
	 */
	private static final class NoTransport implements McpStreamableServerTransport {

		@Override
		public Mono<Void> sendMessage(JSONRPCMessage message) {
			return Mono.empty();
		}

		@Override
		public Mono<Void> sendMessage(JSONRPCMessage message, @Nullable String messageId) {
			return Mono.empty();
		}

		@Override
		public <T> T unmarshalFrom(Object data, TypeRef<T> typeRef) {
			throw new UnsupportedOperationException("Nobody answers");
		}

		@Override
		public Mono<Void> closeGracefully() {
			return Mono.empty();
		}

		@Override
		public void close() {
		}

	}

}
