package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.StandaloneLog;

/**
 * Who listens to a session's standalone stream: a connection here, one on another node, a
 * client that is about to come back, or nobody; and which connections wait for its place.
 * The connection itself is the session's, as those of all streams are.
 * <p>
 * Thread-safe. Whoever sees no connection that has just closed sees {@link #wasHere()}.
 */
final class Listening {

	private static final Logger logger = LoggerFactory.getLogger(Listening.class);

	/**
	 * How long a client whose standalone connection has closed may take to come back,
	 * beyond the time that it was told to wait.
	 */
	private static final Duration RETURN = Duration.ofSeconds(10);

	private static final Duration LOOK_ELSEWHERE = Duration.ofSeconds(5);

	private static final Duration PROBE = Duration.ofSeconds(1);

	private final EndpointRuntime runtime;

	private final String sessionName;

	private final StandaloneLog log;

	private final Supplier<@Nullable SseConnection> here;

	private final Listeners listeners;

	private final AtomicBoolean lookingElsewhere = new AtomicBoolean();

	/**
	 * When the last standalone connection closed, if there was one, here or on a node
	 * that has stopped.
	 */
	private volatile @Nullable Long listenedUntilNanos;

	/**
	 * Begin with nobody who listens.
	 * @param runtime what all handlers share
	 * @param sessionName the name of the session
	 * @param log the log of its standalone stream
	 * @param here returns the newest connection of that stream on this node, or
	 * {@code null}
	 */
	Listening(EndpointRuntime runtime, String sessionName, StandaloneLog log, Supplier<@Nullable SseConnection> here) {
		this.runtime = runtime;
		this.sessionName = sessionName;
		this.log = log;
		this.here = here;
		this.listeners = new Listeners(runtime.threads(), runtime.options().retryInterval());
	}

	// Who listens

	/**
	 * Say whether a standalone connection is open on this node.
	 * @return whether what is sent to the client leaves at once
	 */
	boolean isHere() {
		return this.here.get() != null;
	}

	/**
	 * Say whether a standalone connection closed on this node so short a time ago that
	 * its client may be about to come back.
	 * @return whether what is sent to the client may be waited for
	 */
	boolean wasHere() {
		Long until = this.listenedUntilNanos;
		return until != null
				&& this.runtime.threads().nanoTime() - until < timeToReturn(this.runtime.options()).toNanos();
	}

	/**
	 * See whether a standalone connection is open on this node, and whether its client is
	 * still there: if it has gone, the other side says so to the next heartbeat.
	 * @return whether there is one, as far as it is known now
	 */
	boolean probe() {
		SseConnection listening = this.here.get();
		if (listening != null) {
			listening.probe();
		}
		return listening != null;
	}

	/**
	 * Say whether a broadcast of this node is for the client: it listens here, or did a
	 * moment ago and hasn't turned to another node, whose broadcasts it gets then.
	 * @return whether it is; never fails
	 */
	Mono<Boolean> isAudience() {
		if (isHere() || !wasHere() || !this.runtime.isShared()) {
			return Mono.just(isHere() || wasHere());
		}
		return head().map((head) -> head.reader() == null || isHereOrGone(head.reader()))
			// Twice is better than never
			.onErrorReturn(true);
	}

	/**
	 * The client's standalone connection was on another node, and is about to be on this
	 * one.
	 */
	void expect() {
		this.listenedUntilNanos = this.runtime.threads().nanoTime();
	}

	/**
	 * Return for how long a client whose standalone connection has closed misses nothing
	 * that is broadcast.
	 * @param options how long it is told to wait before it comes back
	 * @return the time within which it is expected
	 */
	static Duration timeToReturn(StreamableHttpOptions options) {
		return RETURN.plus(options.retryInterval());
	}

	/**
	 * Ask the store what it knows of the standalone stream: which node reads it.
	 * @return the head of the stream; fails as a read does
	 */
	private Mono<StreamHead> head() {
		return head(this.log.lastDelivered())
			// It may be gone, or others may have stored what can't be read here
			.onErrorResume((ex) -> !(ex instanceof EventStoreUnavailableException), (ex) -> head(null));
	}

	private Mono<StreamHead> head(@Nullable EventId lastEventId) {
		return this.runtime.store().replayEventsAfter(this.log.stream(), lastEventId, 1).map(EventPage::head);
	}

	private boolean isHereOrGone(String node) {
		return this.runtime.streams().isThisNode(node) || this.runtime.nodes().isGone(node);
	}

	// Who comes and goes

	/**
	 * Say what becomes of a new connection.
	 * @return whether it listens, waits or is refused
	 */
	Listeners.Turn next() {
		return this.listeners.next(isHere());
	}

	/**
	 * A connection on this node has been displaced.
	 * @param byOtherNode whether by one on another node
	 */
	void displaced(boolean byOtherNode) {
		if (this.listeners.displaced(byOtherNode)) {
			logger.warn("A client has more than one standalone connection, and each comes back when another one takes "
					+ "over: it leaks connections, or shares its session with another client. Its messages go to one "
					+ "of them, and the others wait. Logged once a session");
		}
	}

	/**
	 * A connection on this node is about to be the session's no more.
	 */
	void closing() {
		this.listenedUntilNanos = this.runtime.threads().nanoTime();
	}

	/**
	 * The newest connection on this node isn't there any more.
	 * @param gone the connection
	 */
	void closed(SseConnection gone) {
		if (gone.isReplacedElsewhere()) {
			displaced(true);
			if (this.listeners.isAnyWaiting()) {
				// They waited for one on this node
				lookElsewhere();
			}
		}
		else if (this.listeners.ended() && this.runtime.isShared()) {
			this.runtime.streams()
				.broadcast(new NodeMessage(NodeMessage.Kind.UNHEARD, this.sessionName, ""))
				.subscribe((nothing) -> {
				}, (ex) -> logger.debug("Connections on other nodes wait longer than they need to", ex));
		}
	}

	/**
	 * Nobody listens any more, on this node or another: those that wait come back.
	 */
	void ended() {
		this.listeners.ended();
	}

	// Who waits

	/**
	 * Have a connection wait until nobody listens.
	 * @param connection the connection
	 */
	void wait(SseConnection connection) {
		this.listeners.wait(connection);
		SseConnection listening = this.here.get();
		if (listening == null && !this.listeners.isElsewhere()) {
			connection.close();
		}
		else if (listening == null) {
			lookElsewhere();
		}
		else {
			// If its client has gone, the first heartbeat makes the other side say so
			listening.probe();
			this.runtime.threads().deliverLater(PROBE, listening::probe);
		}
	}

	/**
	 * A connection that waited has ended.
	 * @param connection the connection
	 */
	void waited(SseConnection connection) {
		this.listeners.gone(connection);
	}

	/**
	 * While connections wait for one on another node, ask that node whether it is still
	 * there: nobody waits for long for one that has gone.
	 */
	private void lookElsewhere() {
		if (this.lookingElsewhere.compareAndSet(false, true)) {
			this.runtime.threads().deliverLater(LOOK_ELSEWHERE, () -> {
				this.lookingElsewhere.set(false);
				if (!this.listeners.isAnyWaiting() || isHere()) {
					return;
				}
				head().subscribe((head) -> {
					String reader = head.reader();
					if (reader == null || isHereOrGone(reader)) {
						this.listeners.ended();
					}
					else {
						this.runtime.streams()
							.tell(reader, new NodeMessage(NodeMessage.Kind.WAITING, this.sessionName,
									this.runtime.nodes().nodeId()));
						lookElsewhere();
					}
				}, (ex) -> {
					if (ex instanceof EventNotFoundException) {
						this.listeners.ended();
					}
					else {
						// Nobody knows: those who wait would displace one that is there
						lookElsewhere();
					}
				});
			});
		}
	}

}
