package io.github.mcppersist.transport;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ObservedEventStore;
import io.github.mcppersist.observe.ObservedSessionStore;
import io.github.mcppersist.observe.ObservedTaskStore;
import io.github.mcppersist.observe.Observers;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.EncodedSessionStore;
import io.github.mcppersist.payload.EncodedTaskStore;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.stream.DeliveredNodeRegistry;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.StreamSettings;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.stream.UserCode;
import io.github.mcppersist.task.TaskStore;

/**
 * What all handlers of one endpoint share: what its streams share, the sessions' store,
 * the options, and what is asked of the application. The endpoint that creates it closes
 * it.
 */
final class EndpointRuntime implements AutoCloseable {

	private final StreamContext streams;

	private final EncodedSessionStore sessionStore;

	private final @Nullable MonitoredEventStore monitored;

	private final Callers callers;

	private final ServerRequests serverRequests;

	private final StreamableHttpOptions options;

	private final ContextCapture contextCapture;

	private final Observers observers;

	private final Payloads payloads;

	private final Threads threads;

	private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.SERVING);

	private volatile Supplier<String> server = () -> {
		throw new IllegalStateException("The endpoint has no MCP server yet");
	};

	/**
	 * Create the runtime.
	 * @param store where events are stored
	 * @param sessionStore where sessions are stored
	 * @param nodes the nodes that share both, or {@code null} if this is the only one
	 * @param codec says what of a payload is stored
	 * @param ownerResolver names the owner of a session
	 * @param options the options
	 * @param contextCapture takes along what belongs to a request
	 * @param observers are told what happens
	 * @param threads the endpoint's threads
	 */
	EndpointRuntime(EventStore store, SessionStore sessionStore, @Nullable NodeRegistry nodes, PayloadCodec codec,
			SessionOwnerResolver ownerResolver, StreamableHttpOptions options, ContextCapture contextCapture,
			Observers observers, Threads threads) {
		NodeRegistry registry = new DeliveredNodeRegistry((nodes != null) ? nodes : NodeRegistry.single(), threads);
		StreamSettings settings = new StreamSettings(options.maxConnectionBytes(), options.maxUnstoredBytes(),
				options.heartbeatInterval(), options.maxConnectionAge(), options.lookInterval(),
				options.onStoreFailure() == StoreFailurePolicy.REJECT);
		Payloads payloads = new Payloads(codec, new UnreadablePayloads(observers, threads::nanoTime));
		// Decoded on the delivery threads
		EventStore observed = new ObservedEventStore(store, observers, threads.delivery());
		this.streams = new StreamContext(new EncodedEventStore(observed, payloads), registry, nodes != null, settings,
				observers, threads, this::serverName, payloads);
		this.sessionStore = new EncodedSessionStore(
				new ObservedSessionStore(sessionStore, observers, threads.delivery()), payloads);
		this.monitored = (store instanceof MonitoredEventStore known) ? known : null;
		this.observers = observers;
		this.payloads = payloads;
		this.serverRequests = new ServerRequests(registry.nodeId(), threads::nanoTime);
		this.callers = new Callers(ownerResolver);
		this.options = options;
		this.contextCapture = contextCapture;
		this.threads = threads;
		UserCode.follow();
	}

	StreamContext streams() {
		return this.streams;
	}

	/**
	 * Return where events are stored.
	 * @return the store, whose signals come on delivery threads
	 */
	EventStore store() {
		return this.streams.store();
	}

	/**
	 * Return where sessions are stored.
	 * @return the store, whose signals come on delivery threads
	 */
	EncodedSessionStore sessionStore() {
		return this.sessionStore;
	}

	/**
	 * Return a store of tasks as it is to be called.
	 * @param store where tasks are stored
	 * @return the store, whose signals come on delivery threads
	 */
	TaskStore observed(TaskStore store) {
		return new EncodedTaskStore(new ObservedTaskStore(store, this.observers, this.threads.delivery()),
				this.payloads);
	}

	/**
	 * Say whether the store takes no writes, as far as it knows.
	 * @return whether it is in an outage of that kind; never for a store that doesn't say
	 */
	boolean writesFail() {
		StoreOutage outage = (this.monitored != null) ? this.monitored.outage() : null;
		return outage != null && outage.writesFail();
	}

	/**
	 * Return the nodes that share the stores.
	 * @return the registry, whose answers come on delivery threads
	 */
	NodeRegistry nodes() {
		return this.streams.nodes();
	}

	/**
	 * Say whether other nodes may serve the same sessions.
	 * @return whether streams and sessions can change without this node's doing
	 */
	boolean isShared() {
		return this.streams.isShared();
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
	 * Return what takes along to the user's code what belongs to a request.
	 * @return what captures it
	 */
	ContextCapture contextCapture() {
		return this.contextCapture;
	}

	Threads threads() {
		return this.threads;
	}

	/**
	 * Begin to shut down: connections that other nodes can take over are closed, and
	 * requests are still served.
	 * @return whether that hadn't begun yet
	 */
	boolean leave() {
		return this.phase.compareAndSet(Phase.SERVING, Phase.LEAVING);
	}

	/**
	 * Refuse requests from now on. Answers are still taken: running requests wait for
	 * them.
	 */
	void refuseRequests() {
		this.phase.set(Phase.REFUSING);
	}

	boolean isLeaving() {
		return this.phase.get() != Phase.SERVING;
	}

	boolean isRefusing() {
		return this.phase.get() == Phase.REFUSING;
	}

	@Override
	public void close() {
		this.threads.close();
		UserCode.followNoMore();
		this.observers.tellRest();
	}

	/**
	 * What the endpoint does with requests and connections.
	 */
	private enum Phase {

		/**
		 * Takes them.
		 */
		SERVING,

		/**
		 * Takes requests, and has clients come back elsewhere for their connections.
		 */
		LEAVING,

		/**
		 * Takes neither.
		 */
		REFUSING

	}

}
