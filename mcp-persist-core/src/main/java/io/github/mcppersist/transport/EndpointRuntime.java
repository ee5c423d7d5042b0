package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.ContextView;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.SessionStore;

/**
 * What all streams of one endpoint share: the stores, the other nodes, the options and
 * the threads. The endpoint that creates it closes it.
 * <ul>
 * <li><em>handlers</em> run the user's code: one task a request, which may block.</li>
 * <li><em>answers</em> run what a client's answer or notification sets off; a pool of its
 * own, since handlers wait for them.</li>
 * <li><em>delivery</em> carries on after each call of the store, so that nothing runs on
 * the store's threads. Never blocks.</li>
 * <li><em>clock</em> only starts things on the delivery threads.</li>
 * </ul>
 */
final class EndpointRuntime implements AutoCloseable {

	private static final Logger logger = LoggerFactory.getLogger(EndpointRuntime.class);

	private static final Duration CENTURY = Duration.ofDays(36_500);

	private static final int MAX_HANDLER_THREADS = 500;

	private static final int MAX_WAITING_TASKS = 10_000;

	/**
	 * How many streams' worth of unstored events the whole endpoint keeps in memory.
	 */
	private static final int MAX_UNSTORED_STREAMS = 16;

	private final EventStore store;

	private final SessionStore sessionStore;

	private final NodeRegistry nodes;

	private final boolean shared;

	private final Callers callers;

	private final ServerRequests serverRequests;

	private final StreamableHttpOptions options;

	private final ContextCapture contextCapture;

	private final Observers observers;

	private final Executor handlers;

	private final @Nullable ExecutorService ownHandlers;

	private final ExecutorService answers;

	private final ExecutorService delivery;

	private final ScheduledExecutorService clock;

	private final Set<SseConnection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicLong unstoredBytes = new AtomicLong();

	private volatile Supplier<String> server = () -> {
		throw new IllegalStateException("The endpoint has no MCP server yet");
	};

	/**
	 * Start the threads.
	 * @param store where events are stored
	 * @param sessionStore where sessions are stored
	 * @param nodes the nodes that share both, or {@code null} if this is the only one
	 * @param ownerResolver names the owner of a session
	 * @param options the options
	 * @param contextCapture takes along what belongs to a request
	 * @param observers are told what happens
	 * @param handlers what runs the user's code, or {@code null} for an own pool
	 */
	EndpointRuntime(EventStore store, SessionStore sessionStore, @Nullable NodeRegistry nodes,
			SessionOwnerResolver ownerResolver, StreamableHttpOptions options, ContextCapture contextCapture,
			Observers observers, @Nullable Executor handlers) {
		this.store = observers.isEmpty() ? store : new ObservedEventStore(store, observers);
		this.sessionStore = observers.isEmpty() ? sessionStore : new ObservedSessionStore(sessionStore, observers);
		this.observers = observers;
		this.nodes = (nodes != null) ? nodes : NodeRegistry.single();
		this.shared = nodes != null;
		this.serverRequests = new ServerRequests(this.nodes.nodeId());
		this.callers = new Callers(ownerResolver);
		this.options = options;
		this.contextCapture = contextCapture;
		this.ownHandlers = (handlers != null) ? null : elasticPool("mcp-persist-handler");
		this.handlers = (handlers != null) ? handlers : Objects.requireNonNull(this.ownHandlers);
		this.answers = elasticPool("mcp-persist-answer");
		this.delivery = Executors.newFixedThreadPool(Math.max(2, Runtime.getRuntime().availableProcessors()),
				daemons("mcp-persist-delivery"));
		ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, daemons("mcp-persist-clock"));
		clock.setRemoveOnCancelPolicy(true);
		this.clock = clock;
	}

	/**
	 * Return a duration in nanoseconds, and a century for one that is longer.
	 * @param duration the duration
	 * @return the nanoseconds
	 */
	static long nanos(Duration duration) {
		return (duration.compareTo(CENTURY) < 0) ? duration.toNanos() : CENTURY.toNanos();
	}

	EventStore store() {
		return this.store;
	}

	SessionStore sessionStore() {
		return this.sessionStore;
	}

	NodeRegistry nodes() {
		return this.nodes;
	}

	/**
	 * Say whether other nodes may serve the same sessions.
	 * @return whether streams and sessions can change without this node's doing
	 */
	boolean isShared() {
		return this.shared;
	}

	boolean isThisNode(String nodeId) {
		return this.nodes.nodeId().equals(nodeId);
	}

	/**
	 * Tell another node something that it would find out by itself, only later.
	 * @param nodeId the other node
	 * @param kind what happened
	 * @param subject what it is about
	 * @param detail more of that
	 */
	void tell(String nodeId, NodeMessage.Kind kind, String subject, String detail) {
		this.nodes.send(nodeId, text(new NodeMessage(kind, subject, detail))).subscribe((received) -> {
		}, (ex) -> logger.debug("Another node was not told: {}", ex.getMessage()));
	}

	/**
	 * Write a message to other nodes, for the endpoints of this MCP server alone.
	 * @param message the message
	 * @return its text
	 */
	String text(NodeMessage message) {
		return message.toText(serverName());
	}

	/**
	 * Say which MCP server this endpoint is for, once there is one. May ask it, which
	 * doesn't block.
	 * @param server returns the name of the MCP server
	 */
	void setServer(Supplier<String> server) {
		this.server = server;
	}

	/**
	 * Return the name of the MCP server: its sessions are kept apart by it from those of
	 * other servers with the same stores.
	 * @return the name
	 */
	String serverName() {
		String name = this.options.serverName();
		return (name != null) ? name : this.server.get();
	}

	Callers callers() {
		return this.callers;
	}

	ServerRequests serverRequests() {
		return this.serverRequests;
	}

	StreamableHttpOptions options() {
		return this.options;
	}

	EndpointObserver observer() {
		return this.observers;
	}

	/**
	 * Tell the observers that a client comes back, with what belongs to its request in
	 * its place. To be called on the thread that brings the request.
	 * @param reactorContext the request's Reactor context, empty where requests are bound
	 * to threads
	 * @return is told how it goes on
	 */
	EndpointObserver.Resume resumeStarted(ContextView reactorContext) {
		if (this.observers.isEmpty() || reactorContext.isEmpty()) {
			return this.observers.resumeStarted();
		}
		AtomicReference<EndpointObserver.@Nullable Resume> resume = new AtomicReference<>();
		this.contextCapture.capture(reactorContext).apply(() -> resume.set(this.observers.resumeStarted())).run();
		return Objects.requireNonNull(resume.get());
	}

	/**
	 * A reader misses events that aren't kept any more.
	 * @param stream their stream
	 */
	void gapFound(StreamKey stream) {
		this.observers.gapFound();
		logger.atInfo()
			.addKeyValue("mcp.stream.id", stream.streamId())
			.log("A client has missed events of stream {} that are no longer kept", stream.streamId());
	}

	Set<SseConnection> connections() {
		return this.connections;
	}

	/**
	 * Return what takes along to the user's code what belongs to a request.
	 * @return what captures it
	 */
	ContextCapture contextCapture() {
		return this.contextCapture;
	}

	/**
	 * Run the user's code for a request.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many requests run and wait already
	 */
	void handle(Runnable task) {
		this.handlers.execute(task);
	}

	/**
	 * Run what a client's answer or notification sets off.
	 * @param task what to run
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void answer(Runnable task) {
		this.answers.execute(task);
	}

	/**
	 * Let a sender go on that waited for the store, where its code may block.
	 * @param task what lets it go on
	 */
	void resume(Runnable task) {
		try {
			this.answers.execute(task);
		}
		catch (RejectedExecutionException ex) {
			task.run();
		}
	}

	/**
	 * Carry on with a stream off the calling thread.
	 * @param mailbox the owner of the stream's state
	 * @param task what to do
	 */
	void deliver(Mailbox mailbox, Runnable task) {
		try {
			this.delivery.execute(() -> mailbox.execute(task));
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on, since the endpoint is closed");
		}
	}

	/**
	 * Carry on with an answer of a store off the store's threads.
	 * @param answer the answer
	 * @param <T> its type
	 * @return the same, on a delivery thread
	 */
	<T> Mono<T> onDelivery(Mono<T> answer) {
		return carriedOn(answer, this.delivery);
	}

	/**
	 * Carry on with what is the user's to go on with, where code may block.
	 * @param result the result
	 * @param <T> its type
	 * @return the same, on a thread for answers
	 */
	<T> Mono<T> onAnswers(Mono<T> result) {
		return carriedOn(result, this.answers);
	}

	// Reactor's own way to change threads may interrupt one that is carrying on already,
	// and an interrupted thread can't write to a connection.
	private static <T> Mono<T> carriedOn(Mono<T> result, Executor executor) {
		return Mono.create((sink) -> result.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.contextWrite(sink.contextView())
			.subscribe((value) -> carryOn(executor, sink, () -> sink.success(value.orElse(null))),
					(ex) -> carryOn(executor, sink, () -> sink.error(ex))));
	}

	private static void carryOn(Executor executor, MonoSink<?> sink, Runnable task) {
		try {
			executor.execute(task);
		}
		catch (RejectedExecutionException ex) {
			sink.error(ex);
		}
	}

	/**
	 * Carry on with a stream later.
	 * @param mailbox the owner of the stream's state
	 * @param delay how much later
	 * @param task what to do
	 */
	void deliverLater(Mailbox mailbox, Duration delay, Runnable task) {
		try {
			this.clock.schedule(() -> deliver(mailbox, task), delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Not carried on later, since the endpoint is closed");
		}
	}

	/**
	 * Do something again and again on a delivery thread, the first time after one period.
	 * @param period the time from one start to the next
	 * @param task what to do
	 */
	void repeat(Duration period, Runnable task) {
		Mailbox turns = new Mailbox();
		this.clock.scheduleAtFixedRate(() -> deliver(turns, task), period.toMillis(), period.toMillis(),
				TimeUnit.MILLISECONDS);
	}

	/**
	 * Count bytes of events that the store hasn't acknowledged.
	 * @param bytes how many more, or fewer if negative
	 * @return whether the endpoint as a whole keeps no more than it should
	 */
	boolean countUnstored(long bytes) {
		long limit = (long) MAX_UNSTORED_STREAMS * this.options.maxUnstoredBytes();
		return this.unstoredBytes.addAndGet(bytes) <= limit;
	}

	long unstoredBytes() {
		return this.unstoredBytes.get();
	}

	@Override
	public void close() {
		this.clock.shutdownNow();
		this.answers.shutdown();
		if (this.ownHandlers != null) {
			this.ownHandlers.shutdown();
		}
		this.delivery.shutdown();
	}

	/**
	 * A pool that reuses an idle thread before it starts another, starts another before
	 * it lets a task wait, and lets a bounded number wait.
	 * @param name what its threads are called
	 * @return the pool
	 */
	private static ExecutorService elasticPool(String name) {
		LinkedTransferQueue<Runnable> tasks = new LinkedTransferQueue<>() {
			@Override
			public boolean offer(Runnable task) {
				return tryTransfer(task);
			}
		};
		return new ThreadPoolExecutor(0, MAX_HANDLER_THREADS, 60, TimeUnit.SECONDS, tasks, daemons(name),
				(task, pool) -> {
					if (pool.isShutdown() || tasks.size() >= MAX_WAITING_TASKS) {
						throw new RejectedExecutionException("More than " + MAX_WAITING_TASKS + " tasks wait already");
					}
					tasks.put(task);
				});
	}

	/**
	 * Threads that see the class loader of whoever builds the endpoint, and not that of a
	 * request that happens to be the first.
	 * @param name what the threads are called
	 * @return a factory of daemon threads
	 */
	private static ThreadFactory daemons(String name) {
		AtomicInteger number = new AtomicInteger();
		ClassLoader classLoader = Thread.currentThread().getContextClassLoader();
		return (task) -> {
			Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
			thread.setDaemon(true);
			thread.setContextClassLoader(classLoader);
			return thread;
		};
	}

}
