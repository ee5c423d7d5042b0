package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.session.AnswerStore;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.StreamContext;

/**
 * Takes clients' answers to requests of tools, and what else a client tells without
 * waiting for a response, to whoever is to have it, on this node or the one that asked.
 */
final class ClientAnswers {

	private static final Logger logger = LoggerFactory.getLogger(ClientAnswers.class);

	/**
	 * How often a node that is present is told of an answer, for three seconds, before it
	 * counts as one that has died a moment ago. After a restart of Redis it takes a node
	 * up to two seconds until it listens again.
	 */
	private static final int MAX_TELLS = 10;

	/**
	 * How long a notification is waited for whose handler goes on after it has returned.
	 */
	private static final Duration MAX_TURN = Duration.ofMinutes(1);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	/**
	 * The sessions whose answers are taken in a moment, since they could not be read, or
	 * handed over.
	 */
	private final Set<String> takenLater = ConcurrentHashMap.newKeySet();

	ClientAnswers(EndpointRuntime runtime, Sessions sessions, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.jsonMapper = jsonMapper;
	}

	/**
	 * Accept an answer that a client has given.
	 * @param session the client's session
	 * @param answer the answer
	 * @param context what the request came with
	 * @return completes when it is on its way to whoever waits for it, or when it is
	 * known that nobody on this node does; fails with {@link RejectedRequestException}
	 */
	Mono<Void> accept(Session session, JSONRPCResponse answer, CallerContext context) {
		String node = ServerRequests.nodeOf(answer.id());
		return (node == null || this.runtime.streams().isThisNode(node)) ? handOver(session, answer, context)
				: handOn(session, answer, node);
	}

	private Mono<Void> handOver(Session session, JSONRPCResponse answer, CallerContext context) {
		return Mono.fromRunnable(() -> inTurn(() -> laneOf(session, answer.id())
			.execute(context.carried(() -> subscribe(take(session, answer), context)))));
	}

	private Lane laneOf(Session session, @Nullable Object requestId) {
		return session.answersTo(this.runtime.serverRequests().find(session.name(), requestId));
	}

	/**
	 * Handle a notification of a client, where code may block.
	 * @param session the client's session
	 * @param notification the notification
	 * @param context what the request came with
	 * @return completes when it is about to be handled; fails with
	 * {@link RejectedRequestException} if too many are handled and wait already
	 */
	Mono<Void> accept(Session session, JSONRPCNotification notification, CallerContext context) {
		return Mono
			.fromRunnable(() -> inTurn(() -> session.notifications().executeUntil((done) -> context.carried(() -> {
				// One that never ends must not keep others waiting for ever
				Disposable limit = this.runtime.threads().deliverLater(MAX_TURN, done);
				subscribe(session.sdkSession().accept(notification).doFinally((signal) -> {
					limit.dispose();
					done.run();
				}), context);
			}))));
	}

	private static void inTurn(Runnable task) {
		try {
			task.run();
		}
		catch (RejectedExecutionException ex) {
			throw new RejectedRequestException(
					Rejection.unavailable("too many answers and notifications are being handled"));
		}
	}

	private static void subscribe(Mono<Void> work, CallerContext context) {
		work.contextWrite((ctx) -> context.addTo(ctx, context.transportContext()))
			.contextCapture()
			.subscribe((nothing) -> {
			}, (ex) -> logger.debug("A client's answer or notification was not handled", ex));
	}

	private Mono<Void> handOn(Session session, JSONRPCResponse answer, String node) {
		NodeMessage answered = new NodeMessage(NodeMessage.Kind.ANSWERED, session.name(), (String) answer.id());
		AnswerStore store = this.runtime.sessionStore();
		// A client may name any node: nothing is stored for one that there isn't
		Mono<Boolean> handedOn = this.runtime.nodes()
			.isPresent(node)
			.flatMap((present) -> present ? store.storeAnswer(session.name(), answered.detail(), jsonBytes(answer))
				.then(Mono.defer(() -> tell(node, answered, MAX_TELLS))) : Mono.just(false));
		return handedOn.onErrorMap((ex) -> {
			logger.debug("A client's answer could not be handed on", ex);
			return new RejectedRequestException((ex instanceof SessionAlreadyDeletedException)
					? Rejection.UNKNOWN_SESSION : Rejection.SESSIONS_AWAY);
		}).flatMap((received) -> {
			if (received) {
				return Mono.empty();
			}
			remove(session.name(), answered.detail());
			return Mono.error(new RejectedRequestException(Rejection.ASKER_GONE));
		});
	}

	// One that has only just started, or whose subscription was cut, listens in a moment
	private Mono<Boolean> tell(String node, NodeMessage answered, int tells) {
		return this.runtime.streams()
			.send(node, answered)
			.flatMap((received) -> (received || tells == 1) ? Mono.just(received)
					: this.runtime.threads()
						.after(StreamContext.RETRY_PAUSE)
						.then(Mono.defer(() -> tell(node, answered, tells - 1))));
	}

	/**
	 * Take whatever answers other nodes were given to requests of this one.
	 */
	void takeAnswers() {
		// Even on a single node: what the SDK has given up on is forgotten here
		Map<String, List<String>> pending = this.runtime.serverRequests().pending();
		if (this.runtime.isShared()) {
			pending.forEach((sessionName, requestIds) -> {
				Session session = this.sessions.held(sessionName);
				if (session != null) {
					takeAnswers(session, requestIds);
				}
			});
		}
	}

	/**
	 * Take the answer to a request that another node was given, or remove it unread: a
	 * client may answer what nobody has asked.
	 * @param sessionName the session
	 * @param session the session if this node holds it, or {@code null}
	 * @param requestId the ID of the request
	 */
	void answered(String sessionName, @Nullable Session session, String requestId) {
		if (session != null && this.runtime.serverRequests().isPending(sessionName, requestId)) {
			takeAnswers(session, List.of(requestId));
		}
		else {
			remove(sessionName, requestId);
		}
	}

	/**
	 * Take the answers to some requests that another node was given. They are removed
	 * when they are handed over: none is lost with a call of the store, or because too
	 * many are being handled.
	 * @param session the session
	 * @param requestIds the IDs of the requests
	 */
	void takeAnswers(Session session, Collection<String> requestIds) {
		this.runtime.sessionStore()
			.findAnswers(session.name(), requestIds)
			.subscribe((answers) -> answers.forEach((requestId, answer) -> takeAnswer(session, requestId, answer)),
					(ex) -> {
						logger.debug("Answers could not be read; trying again", ex);
						takeAnswersLater(session);
					});
	}

	// One call for all of them, however many have failed
	private void takeAnswersLater(Session session) {
		if (this.takenLater.add(session.name())) {
			this.runtime.threads().deliverLater(StreamContext.RETRY_PAUSE, () -> {
				this.takenLater.remove(session.name());
				List<String> waiting = this.runtime.serverRequests().pending(session.name());
				if (!waiting.isEmpty()) {
					takeAnswers(session, waiting);
				}
			});
		}
	}

	private void takeAnswer(Session session, String requestId, byte[] answer) {
		try {
			laneOf(session, requestId).execute(() -> {
				remove(session.name(), requestId);
				take(session, read(requestId, answer)).subscribe((nothing) -> {
				}, (ex) -> logger.debug("A client's answer was not handled", ex));
			});
		}
		catch (RejectedExecutionException ex) {
			logger.debug("An answer waits, as too many are being handled", ex);
			takeAnswersLater(session);
		}
	}

	private void remove(String sessionName, String requestId) {
		this.runtime.sessionStore().removeAnswers(sessionName, List.of(requestId)).subscribe((nothing) -> {
		}, (ex) -> logger.debug("An answer that was taken, or that nobody waits for, is left to expire", ex));
	}

	private JSONRPCResponse read(String requestId, byte[] answer) {
		try {
			return this.jsonMapper.readValue(answer, JSONRPCResponse.class);
		}
		catch (IOException | RuntimeException ex) {
			logger.warn("A client's answer, which another node was given, can't be read", ex);
			return JSONRPCResponse.error(requestId,
					new JSONRPCError(JsonRpcError.INTERNAL_ERROR, "The client's answer can't be read"));
		}
	}

	/**
	 * Hand an answer to whoever waits for it. If nobody does, because it was given twice
	 * or too late, that is no error of the client's.
	 * @param session the session
	 * @param message the answer
	 * @return completes when it is handed over
	 */
	private Mono<Void> take(Session session, JSONRPCResponse message) {
		ServerRequests.Pending request = (message.id() instanceof String id)
				? this.runtime.serverRequests().take(session.name(), id) : null;
		if (request == null) {
			logger.debug("A client's answer came twice, or too late");
			return Mono.empty();
		}
		Mono<Void> taken = session.sdkSession()
			.accept(new JSONRPCResponse(message.jsonrpc(), request.sdkId(), message.result(), message.error()));
		ServerRequests.Asker asker = request.asker();
		if (asker == null) {
			return taken;
		}
		return Mono.create((sink) -> asker.carryOn(() -> taken.contextWrite(sink.contextView()).subscribe((nothing) -> {
		}, (ex) -> {
			if (!(ex instanceof McpError)) {
				// Not that nobody waits: whoever went on with the answer has thrown it
				asker.failed(ex);
			}
			sink.error(ex);
		}, sink::success)));
	}

	private byte[] jsonBytes(Object value) {
		try {
			return this.jsonMapper.writeValueAsBytes(value);
		}
		catch (IOException ex) {
			throw new IllegalStateException("A client's answer can't be written as JSON", ex);
		}
	}

}
