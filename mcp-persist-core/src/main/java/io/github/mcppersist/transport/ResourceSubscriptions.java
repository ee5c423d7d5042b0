package io.github.mcppersist.transport;

import java.util.Collection;
import java.util.Map;

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
 * Thread-safe. Which resources these are, {@link SubscribedResources} knows.
 */
final class ResourceSubscriptions implements SubscribedResources.Listener {

	/**
	 * The session ID of the subscriber that stands for all.
	 */
	static final String SUBSCRIBER = "mcp-persist.subscriber";

	private static final Logger logger = LoggerFactory.getLogger(ResourceSubscriptions.class);

	private final SubscribedResources resources;

	private volatile @Nullable McpStreamableServerSession subscriber;

	/**
	 * Whether it was logged since the last look that a subscription was refused.
	 */
	private volatile boolean warned;

	ResourceSubscriptions(SubscriptionStore store) {
		this.resources = new SubscribedResources(store, this);
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
		this.resources.add(uris);
	}

	/**
	 * A subscription isn't kept, though the SDK took it for the subscriber that stands
	 * for all, or a client listens to a resource that isn't known here.
	 */
	@Override
	public void refused(String uri) {
		if (!this.warned) {
			this.warned = true;
			logger.warn("A client could not subscribe to a resource: {} have subscribers, and that is all there may be",
					SubscriptionStore.MAX_SUBSCRIBED_URIS);
		}
		if (!this.resources.contains(uri)) {
			tellSdk(McpSchema.METHOD_RESOURCES_UNSUBSCRIBE, uri);
		}
	}

	/**
	 * Look which resources have subscribers.
	 * @return completes when the SDK knows; never fails
	 */
	Mono<Void> refresh() {
		this.warned = false;
		return this.resources.refresh();
	}

	@Override
	public void subscribed(String uri) {
		tellSdk(McpSchema.METHOD_RESOURCES_SUBSCRIBE, uri);
	}

	@Override
	public void unsubscribed(String uri) {
		tellSdk(McpSchema.METHOD_RESOURCES_UNSUBSCRIBE, uri);
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
