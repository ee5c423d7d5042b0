package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.Threads;

/**
 * Which of a session's standalone connections is sent its messages. The newest one is: a
 * client whose connection is half open must get on with another. But two listeners of one
 * client (a leaked one, a second window) that both come back would displace each other
 * for ever. So they come to rest: when connections on this node have been displaced five
 * times, for five seconds and with no long pause, one that would displace another one
 * waits instead.
 * <p>
 * One that <em>waits</em> is open and gets nothing but heartbeats. It is ended, for its
 * client to come back, as soon as the one that listens has gone, on whichever node; and
 * when five minutes are over in any case, for that may be half open. It then takes the
 * place of the one that listens, which waits from then on.
 * <p>
 * Thread-safe. Connections are ended without the lock.
 */
final class Listeners {

	static final Duration REST = Duration.ofMinutes(5);

	private static final int MAX_DISPLACEMENTS = 5;

	/**
	 * A client that moves fast between nodes is no pair of listeners.
	 */
	private static final Duration MIN_CONTENTION = Duration.ofSeconds(5);

	private static final Duration PAUSE = Duration.ofSeconds(10);

	private static final int MAX_WAITING = 8;

	private final Threads threads;

	private final long pauseNanos;

	/**
	 * Those that wait, and what ends each when the time is over.
	 */
	private final Map<SseConnection, Disposable.Swap> waiting = new ConcurrentHashMap<>();

	private int displacements;

	private long firstDisplaced;

	private long lastDisplaced;

	private boolean contended;

	private long restUntil;

	/**
	 * Whether the last connection on this node was displaced by one on another.
	 */
	private boolean elsewhere;

	/**
	 * Create the rule for one session.
	 * @param threads tell the time
	 * @param retryInterval how long a client is told to wait before it comes back
	 */
	Listeners(Threads threads, Duration retryInterval) {
		this.threads = threads;
		this.pauseNanos = PAUSE.plus(retryInterval.multipliedBy(3)).toNanos();
	}

	/**
	 * Say what becomes of a new connection.
	 * @param here whether one listens on this node
	 * @return whether it listens, waits or is refused
	 */
	synchronized Turn next(boolean here) {
		if (!isAtRest() || !(here || this.elsewhere)) {
			this.elsewhere = false;
			return Turn.LISTEN;
		}
		return (this.waiting.size() < MAX_WAITING) ? Turn.WAIT : Turn.REFUSE;
	}

	/**
	 * A connection on this node has been displaced.
	 * @param byOtherNode whether by one on another node
	 * @return whether listeners have begun to displace each other, for the first time
	 */
	synchronized boolean displaced(boolean byOtherNode) {
		long now = this.threads.nanoTime();
		this.elsewhere = byOtherNode;
		if (this.displacements == 0 || now - this.lastDisplaced > this.pauseNanos) {
			this.displacements = 0;
			this.firstDisplaced = now;
		}
		this.displacements++;
		this.lastDisplaced = now;
		boolean again = this.contended && now - this.restUntil < this.pauseNanos;
		if (!again
				&& (this.displacements < MAX_DISPLACEMENTS || now - this.firstDisplaced < MIN_CONTENTION.toNanos())) {
			return false;
		}
		boolean first = !this.contended;
		if (!isAtRest()) {
			this.restUntil = now + REST.toNanos();
		}
		this.contended = true;
		return first;
	}

	/**
	 * Say whether one listens on another node, as far as this one knows.
	 * @return whether the last connection on this node was displaced by one there
	 */
	synchronized boolean isElsewhere() {
		return this.elsewhere;
	}

	/**
	 * Have a connection wait.
	 * @param connection the connection, which is open or about to be
	 */
	void wait(SseConnection connection) {
		Disposable.Swap end = Disposables.swap();
		this.waiting.put(connection, end);
		long rest;
		synchronized (this) {
			rest = Math.max(0, this.restUntil - this.threads.nanoTime());
		}
		end.update(this.threads.deliverLater(Duration.ofNanos(rest), connection::close));
	}

	boolean isAnyWaiting() {
		return !this.waiting.isEmpty();
	}

	/**
	 * A connection that waited has ended.
	 * @param connection the connection
	 */
	void gone(SseConnection connection) {
		Disposable end = this.waiting.remove(connection);
		if (end != null) {
			end.dispose();
		}
	}

	/**
	 * Nobody listens any more, on this node or, if one did there, another.
	 * @return whether another node may have connections that wait for this
	 */
	boolean ended() {
		List<SseConnection> ending;
		boolean atRest;
		synchronized (this) {
			this.elsewhere = false;
			atRest = isAtRest();
			ending = new ArrayList<>(this.waiting.keySet());
		}
		ending.forEach(SseConnection::close);
		return atRest;
	}

	private boolean isAtRest() {
		return this.contended && this.threads.nanoTime() - this.restUntil < 0;
	}

	/**
	 * What a connection does.
	 */
	enum Turn {

		/**
		 * It is sent the messages, and displaces the one that was.
		 */
		LISTEN,

		/**
		 * It stays open until there is a place for it.
		 */
		WAIT,

		/**
		 * Too many wait.
		 */
		REFUSE

	}

}
