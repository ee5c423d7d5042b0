package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.ModernHandler;
import io.github.mcppersist.node.NodeMessage;

/**
 * The resources that clients of revision 2026-07-28 listen to, on this node and on
 * others. Such a client is known to the node of its connection alone, and nothing of it
 * is stored. But each node must have its SDK tell of updates of all of them. So nodes
 * tell each other: when a client begins to listen, again with each look, and when one
 * asks that has just come or missed something. A node that isn't told again forgets.
 * Thread-safe.
 */
final class ListenedResources {

	private static final Logger logger = LoggerFactory.getLogger(ListenedResources.class);

	private static final TypeRef<List<String>> URIS = new TypeRef<>() {
	};

	/**
	 * How many characters of URIs there are in one message, unless a single one has more.
	 */
	private static final int MAX_CHARACTERS = 8192;

	private final EndpointRuntime runtime;

	private final ResourceSubscriptions subscriptions;

	private final McpJsonMapper jsonMapper;

	private volatile @Nullable ModernHandler modern;

	ListenedResources(EndpointRuntime runtime, ResourceSubscriptions subscriptions, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.subscriptions = subscriptions;
		this.jsonMapper = jsonMapper;
	}

	/**
	 * Tell of the clients of a handler from now on.
	 * @param modern the handler
	 */
	void start(ModernHandler modern) {
		this.modern = modern;
	}

	/**
	 * Clients on this node listen to resources.
	 * @param uris the resources
	 * @return completes when all nodes are told; fails if others can't be
	 */
	Mono<Void> add(Collection<String> uris) {
		return Mono.defer(() -> {
			this.subscriptions.add(uris);
			return this.runtime.isShared()
					? Flux.fromIterable(messages(uris)).concatMap(this.runtime.streams()::broadcast).then()
					: Mono.empty();
		});
	}

	/**
	 * Remind all nodes, this one too, of what is listened to here.
	 */
	void look() {
		ModernHandler modern = this.modern;
		if (modern != null) {
			add(modern.listenedResources()).subscribe((nothing) -> {
			}, (ex) -> logger.debug("Other nodes aren't told to which resources clients listen; trying again later",
					ex));
		}
	}

	/**
	 * Ask the other nodes what is listened to there.
	 */
	void ask() {
		if (this.modern != null && this.runtime.isShared()) {
			this.runtime.streams()
				.broadcast(new NodeMessage(NodeMessage.Kind.LISTENING, "", this.runtime.nodes().nodeId()))
				.subscribe((nothing) -> {
				}, (ex) -> logger.debug("Other nodes weren't asked to which resources clients listen; they tell soon",
						ex));
		}
	}

	/**
	 * Another node asks what is listened to here.
	 * @param nodeId the node
	 */
	void asked(String nodeId) {
		ModernHandler modern = this.modern;
		if (modern != null) {
			messages(modern.listenedResources()).forEach((message) -> this.runtime.streams().tell(nodeId, message));
		}
	}

	/**
	 * Another node tells what is listened to there.
	 * @param uris the resources, as it has written them
	 */
	void told(String uris) {
		try {
			this.subscriptions.add(this.jsonMapper.readValue(uris, URIS));
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("What another node tells of resources can't be read", ex);
		}
	}

	private List<NodeMessage> messages(Collection<String> uris) {
		List<NodeMessage> messages = new ArrayList<>();
		List<String> next = new ArrayList<>();
		int characters = 0;
		for (String uri : uris) {
			if (!next.isEmpty() && characters + uri.length() > MAX_CHARACTERS) {
				messages.add(message(next));
				next.clear();
				characters = 0;
			}
			next.add(uri);
			characters += uri.length();
		}
		if (!next.isEmpty()) {
			messages.add(message(next));
		}
		return messages;
	}

	private NodeMessage message(List<String> uris) {
		try {
			return new NodeMessage(NodeMessage.Kind.LISTENED, this.jsonMapper.writeValueAsString(uris), "");
		}
		catch (IOException ex) {
			throw new IllegalStateException("Strings can't be written as JSON", ex);
		}
	}

}
