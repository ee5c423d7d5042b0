package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StoreOutage;

/**
 * What is known of the servers that hold the keys: one, or the primaries of a Cluster,
 * each with a {@link State} of its own, so that one that is away doesn't shut off the
 * others.
 *
 * <pre>
 *              answered               wrote     refuses a write  isn't reached
 * WORKING      -                      -         READ_ONLY        AWAY
 * READ_ONLY    -                      WORKING   -                AWAY
 * AWAY         READ_ONLY, if it was   WORKING   READ_ONLY        -
 *              that, else WORKING
 * </pre>
 *
 * Only what wrote proves that writes are taken again: a full Redis still deletes, and a
 * script that finds nothing to do succeeds everywhere. Calls that a state forbids fail at
 * once; what finds out that it is over is a {@linkplain RedisProbe probe}. What is
 * refused for good, because a right is missing for instance, concerns the one operation
 * on the one server, and no state. What is refused because of its key or its size
 * concerns nothing else at all.
 * <p>
 * An outage is that a server isn't {@link State#WORKING} or something is refused. Calls
 * are made again as soon as it is over. Told it is for as long as the {@link Spell} of it
 * lasts, so that a server that takes one write and refuses the next doesn't come and go.
 * What is logged of it is {@link OutageLog}'s concern. A first answer that is long in
 * coming is no outage: a JVM that has just started takes its time to open a connection.
 */
final class RedisHealth {

	/**
	 * Where nothing was written for so long, a probe writes.
	 */
	private static final long QUIET = 1_500_000_000L;

	/**
	 * Where something is written all the time, a probe finds rights that are missing.
	 * Only this one publishes where all is well: on a Cluster that costs all servers.
	 */
	private static final long PROBE_AT_LEAST = 4_000_000_000L;

	private static final long FIRST_PROBE = 250_000_000L;

	/**
	 * A probe may be a second after the one before: a replica may be promoted any time.
	 */
	private static final int MAX_DOUBLINGS = 2;

	/**
	 * What somebody has to put right may take twice as long.
	 */
	private static final int MAX_DOUBLINGS_OF_REFUSED = 3;

	/**
	 * How long a refusal stays that a probe doesn't meet.
	 */
	private static final long STAY = 60_000_000_000L;

	/**
	 * How long calls must work without a subscription until that is told.
	 */
	private static final long UNSUBSCRIBED = 2_000_000_000L;

	/**
	 * How long a first answer may be in coming. Health is to say the truth within five
	 * seconds, and a probe that shows it may be about to begin.
	 */
	private static final long START = 3_500_000_000L;

	/**
	 * How long nothing is logged of it, and calls still wait for it. An application that
	 * starts on a busy machine takes its time, and is about to connect.
	 */
	private static final long SLOW_START = 15_000_000_000L;

	/**
	 * How often a server is probed that is yet to give its first answer.
	 */
	private static final long START_PROBE = 500_000_000L;

	private final LongSupplier nanoTime;

	private final Map<String, Server> servers = new ConcurrentHashMap<>();

	/**
	 * Why operations were refused that were not carried out since.
	 */
	private final Map<Refused, Refusal> refusals = new ConcurrentHashMap<>();

	/**
	 * When a probe said that an operation isn't refused any more.
	 */
	private final Map<Refused, Long> disproved = new HashMap<>();

	private final long createdAt;

	private volatile boolean answeredEver;

	/**
	 * That the first answer is long in coming, if it is: calls go on waiting for it.
	 */
	private @Nullable RedisFailure slowStart;

	/**
	 * When the latest call was sent that was answered.
	 */
	private volatile long lastAnsweredAt;

	/**
	 * Whether some calls have no chance.
	 */
	private volatile boolean outage;

	/**
	 * The outage as it is told.
	 */
	private final Spell told = new Spell();

	/**
	 * Mirrors whether {@link #told} lasts.
	 */
	private volatile boolean telling;

	/**
	 * What was told when something failed for the last time.
	 */
	private @Nullable StoreOutage lastTold;

	private final OutageLog log = new OutageLog();

	/**
	 * Whether the subscription can't be opened, and since when no server has been away
	 * meanwhile.
	 */
	private boolean unsubscribed;

	private long unsubscribedAt;

	RedisHealth(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.createdAt = nanoTime.getAsLong();
		this.lastAnsweredAt = this.createdAt;
	}

	/**
	 * Say whether a call may be made.
	 * @param server where
	 * @param operation the operation
	 * @return whether it has a chance
	 */
	boolean admits(String server, Operation operation) {
		if (!this.outage) {
			return true;
		}
		Server known = server(server);
		return switch (known.state()) {
			case WORKING -> true;
			case READ_ONLY -> !operation.writes() || (operation.frees() && known.isFull());
			case AWAY -> false;
		};
	}

	State state(String server) {
		return server(server).state();
	}

	/**
	 * A call was carried out.
	 * @param server by which server
	 * @param operation the operation
	 * @param startedAt when the call was sent
	 * @param wrote whether the server has taken something new
	 */
	void succeeded(String server, Operation operation, long startedAt, boolean wrote) {
		Server known = server(server);
		long now = this.nanoTime.getAsLong();
		known.lastAnswer = now;
		if (operation.hasKeys()) {
			known.lastAnswerOfKeys = now;
		}
		this.answeredEver = true;
		this.lastAnsweredAt = startedAt;
		if (wrote) {
			known.lastProof = now;
		}
		if (this.outage) {
			synchronized (this) {
				known.answered(now, operation);
				// Threads may bring the answers in another order than Redis gave them
				if (wrote && startedAt - known.refusedAt >= 0) {
					known.refusal = null;
				}
				this.refusals.remove(new Refused(server, operation));
				look();
			}
		}
	}

	/**
	 * A probe was carried out: nothing that it does is refused there any more. One that
	 * doesn't publish is only sent where nothing is refused. Where an operation is
	 * refused all the same, the reason is none that a probe meets, and its success proves
	 * nothing for a while.
	 * @param server by which server
	 */
	synchronized void proved(String server) {
		long now = this.nanoTime.getAsLong();
		long asked = server(server).lastProbe;
		this.disproved.values().removeIf((at) -> now - at >= STAY);
		this.refusals.entrySet().removeIf((entry) -> {
			Refused refused = entry.getKey();
			Refusal refusal = entry.getValue();
			boolean over = refused.server().equals(server) && refused.operation().isProbed()
					&& asked - refusal.at() >= (refusal.stays() ? STAY : 0);
			if (over) {
				this.disproved.put(refused, now);
			}
			return over;
		});
		look();
	}

	/**
	 * A call failed.
	 * @param server where
	 * @param operation the operation
	 * @param startedAt when the call was sent
	 * @param cause why it failed
	 */
	synchronized void failed(String server, Operation operation, long startedAt, RedisFailure cause) {
		Server known = server(server);
		switch (cause.kind()) {
			case WRITES_REFUSED, READ_ONLY -> {
				known.answered(this.nanoTime.getAsLong(), operation);
				known.refusal = cause;
				known.refusedAt = this.nanoTime.getAsLong();
			}
			case REFUSED -> {
				known.answered(this.nanoTime.getAsLong(), operation);
				refused(new Refused(server, operation), cause);
			}
			case CALL_REFUSED, UNKNOWN -> {
				known.answered(this.nanoTime.getAsLong(), operation);
				if (operation.isProbe()) {
					// Nothing of it is large, and nobody else uses its key: it is refused
					// whatever there is
					refused(new Refused(server, operation), cause);
				}
				else {
					this.log.callRefused(new Refused(server, operation), cause, this.nanoTime.getAsLong());
				}
			}
			case NO_ACCESS -> {
				known.absence = cause;
			}
			case CONNECTION, PASSING -> {
				// One slow call is no outage: what counts is that nothing at all is
				// answered.
				if (known.lastAnswer(cause) - startedAt <= 0) {
					if (!isStarting(cause, SLOW_START)) {
						known.absence = cause;
					}
					else if (!isStarting(cause, START)) {
						this.slowStart = cause;
					}
				}
			}
			case NOSCRIPT, SLOT -> {
			}
		}
		look();
		RedisFailure failure = known.failure();
		met(startedAt, (failure == cause || this.slowStart == cause) ? cause : serverFailure());
	}

	/**
	 * Return the servers of which nobody knows yet why they don't answer.
	 * @return the servers
	 */
	synchronized List<String> unexplained() {
		return this.servers.entrySet()
			.stream()
			.filter((entry) -> entry.getValue().absence != null && entry.getValue().absence.isUnexplained())
			.map(Map.Entry::getKey)
			.toList();
	}

	/**
	 * It was found out why a server doesn't answer.
	 * @param server the server
	 * @param cause why
	 */
	synchronized void explained(String server, RedisFailure cause) {
		Server known = server(server);
		RedisFailure absence = known.absence;
		if (absence != null && absence.isUnexplained()) {
			known.absence = cause;
			long now = this.nanoTime.getAsLong();
			this.lastTold = describe(now);
			this.log.explained(now, cause, reason(cause));
		}
	}

	/**
	 * An operation was refused that concerns no server in particular.
	 * @param operation the operation
	 * @param cause why
	 */
	synchronized void refused(Operation operation, RedisFailure cause) {
		refused(new Refused(RedisLink.NO_SERVER, operation), cause);
		look();
		met(this.nanoTime.getAsLong(), serverFailure());
	}

	private void refused(Refused refused, RedisFailure cause) {
		long now = this.nanoTime.getAsLong();
		Long disproved = this.disproved.get(refused);
		Refusal before = this.refusals.get(refused);
		boolean stays = (before != null && before.stays()) || (disproved != null && now - disproved < STAY);
		this.refusals.put(refused, new Refusal(cause, now, stays));
		if (before == null || !Objects.equals(before.cause().probedCommand(), cause.probedCommand())) {
			this.log.refused(refused, cause, now);
		}
	}

	/**
	 * The subscription could not be opened. That is told once calls have been answered
	 * for a while meanwhile: in an outage it fails as they do, and needs a moment longer.
	 * @param cause why
	 */
	synchronized void unsubscribed(RedisFailure cause) {
		long now = this.nanoTime.getAsLong();
		boolean away = this.servers.values().stream().anyMatch((server) -> server.state() == State.AWAY);
		if (away || !this.unsubscribed) {
			this.unsubscribed = !away;
			this.unsubscribedAt = now;
		}
		else if (now - this.unsubscribedAt >= UNSUBSCRIBED && this.lastAnsweredAt - this.unsubscribedAt > 0) {
			refused(Operation.SUBSCRIBE, cause);
		}
	}

	/**
	 * The subscription is open.
	 */
	synchronized void subscribed() {
		this.unsubscribed = false;
		done(Operation.SUBSCRIBE);
	}

	/**
	 * An operation was carried out that concerns no server in particular.
	 * @param operation the operation
	 */
	synchronized void done(Operation operation) {
		if (this.refusals.remove(new Refused(RedisLink.NO_SERVER, operation)) != null) {
			look();
		}
	}

	/**
	 * Say which servers are to be probed now, and forget those that weren't in use the
	 * last time either: a link that recovers one doesn't know it for a moment. Each is to
	 * be {@link #probed} before it is due again.
	 * @param inUse the servers that hold keys
	 * @return those whose state isn't known or may have changed, and how to probe them
	 */
	synchronized List<Due> due(Collection<String> inUse) {
		// Whoever has taken over for one that has gone has yet to show that it works
		inUse.forEach((server) -> server(server).missing = false);
		Set<String> used = Set.copyOf(inUse);
		if (this.servers.entrySet()
			.removeIf((entry) -> !used.contains(entry.getKey()) && entry.getValue().isMissingAgain())) {
			this.refusals.keySet().removeIf(this::isGone);
			this.disproved.keySet().removeIf(this::isGone);
			look();
		}
		long now = this.nanoTime.getAsLong();
		tell(now);
		List<Due> due = new ArrayList<>(0);
		for (String server : inUse) {
			Server known = server(server);
			boolean well = isWell(server);
			boolean full = now - known.lastFullProbe >= PROBE_AT_LEAST;
			boolean open = now - known.nextProbe >= 0;
			if (!known.probing && (well ? full || (open && now - known.lastProof >= QUIET) : open)) {
				known.probing = true;
				known.lastProbe = now;
				if (full || !well) {
					known.lastFullProbe = now;
				}
				due.add(new Due(server, full || !well));
			}
		}
		return due;
	}

	private boolean isGone(Refused refused) {
		return refused.operation().isProbed() && !this.servers.containsKey(refused.server());
	}

	private boolean isWell(String server) {
		return server(server).state() == State.WORKING && this.refusals.keySet()
			.stream()
			.noneMatch((refused) -> refused.operation().isProbed() && refused.server().equals(server));
	}

	/**
	 * A probe has ended, one way or the other.
	 * @param server where
	 */
	synchronized void probed(String server) {
		Server known = server(server);
		known.probing = false;
		boolean well = isWell(server);
		known.doublings = well ? 0 : Math.min(known.doublings + 1, maxDoublings(known.failure()));
		// Not all nodes at the same moment
		double jitter = ThreadLocalRandom.current().nextDouble(0.75, 1.25);
		long calm = this.answeredEver ? QUIET : START_PROBE;
		long delay = well ? calm : (long) ((FIRST_PROBE << known.doublings) * jitter);
		known.nextProbe = this.nanoTime.getAsLong() + delay;
	}

	private static int maxDoublings(@Nullable RedisFailure failure) {
		boolean passes = failure != null
				&& (failure.kind() == RedisFailure.Kind.CONNECTION || failure.kind() == RedisFailure.Kind.PASSING);
		return passes ? MAX_DOUBLINGS : MAX_DOUBLINGS_OF_REFUSED;
	}

	@Nullable StoreOutage outage() {
		if (!this.telling) {
			return null;
		}
		synchronized (this) {
			long now = this.nanoTime.getAsLong();
			tell(now);
			StoreOutage last = this.lastTold;
			if (!this.telling || last == null) {
				return null;
			}
			return this.outage ? describe(now) : new StoreOutage(last.readsFail(), last.writesFail(), last.reason(),
					Duration.ofNanos(this.told.nanos(now)));
		}
	}

	private StoreOutage describe(long now) {
		// Whoever has taken over has yet to show that it works
		boolean reads = this.servers.values()
			.stream()
			.anyMatch((server) -> server.absence != null || !server.hasAnswered()) || isRefused(Operation::reads);
		boolean writes = this.servers.values().stream().anyMatch((server) -> !server.isKnownToWork())
				|| isRefused(Operation::writes);
		return new StoreOutage(reads, writes, reason(), Duration.ofNanos(this.told.nanos(now)));
	}

	private boolean isRefused(Predicate<Operation> kind) {
		return this.refusals.entrySet()
			.stream()
			.anyMatch((entry) -> concerns(entry.getKey().operation(), entry.getValue().cause(), kind));
	}

	// A probe does what all do: whoever does the same is refused it as well
	private static boolean concerns(Operation operation, RedisFailure cause, Predicate<Operation> kind) {
		if (!operation.isProbe()) {
			return kind.test(operation);
		}
		String command = cause.probedCommand();
		return command == null || LuaScript.calling(command).stream().anyMatch(kind);
	}

	/**
	 * Say why a server doesn't work.
	 * @param server the server
	 * @return what happened and what to do, or {@code null} if it works
	 */
	synchronized @Nullable RedisFailure failure(String server) {
		return server(server).failure();
	}

	private String reason() {
		RedisFailure failure = failure();
		return (failure != null) ? reason(failure)
				: "Redis was out of reach, and not all of its servers have answered since";
	}

	private String reason(RedisFailure failure) {
		long working = this.servers.values().stream().filter(Server::isKnownToWork).count();
		return (working > 0 && this.servers.size() > working)
				? failure.message() + " (" + working + " of " + this.servers.size() + " servers work)"
				: failure.message();
	}

	private @Nullable RedisFailure failure() {
		RedisFailure worst = serverFailure();
		if (worst == null && !this.answeredEver) {
			worst = this.slowStart;
		}
		return (worst != null) ? worst : this.refusals.values().stream().map(Refusal::cause).findFirst().orElse(null);
	}

	private @Nullable RedisFailure serverFailure() {
		return this.servers.values()
			.stream()
			.filter((server) -> server.failure() != null)
			.max(Comparator.comparing(Server::state))
			.map(Server::failure)
			.orElse(null);
	}

	private Server server(String name) {
		Server known = this.servers.get(name);
		return (known != null) ? known
				: this.servers.computeIfAbsent(name, (unused) -> new Server(this.nanoTime.getAsLong()));
	}

	private boolean isStarting(RedisFailure failure, long limit) {
		return failure.cause() == null && !this.answeredEver && this.nanoTime.getAsLong() - this.createdAt < limit;
	}

	private void look() {
		long now = this.nanoTime.getAsLong();
		boolean works = serverFailure() == null && this.servers.values().stream().allMatch(Server::isKnownToWork);
		if (works) {
			this.log.works(now);
		}
		if (works && this.refusals.isEmpty()) {
			this.outage = false;
			this.told.calm(now);
		}
	}

	/**
	 * A call failed, or something was refused. Whether it says anything of the server is
	 * known already.
	 * @param at when that was asked for
	 * @param failure why a server doesn't work, if it doesn't
	 */
	private void met(long at, @Nullable RedisFailure failure) {
		if (failure == null && this.refusals.isEmpty()) {
			return;
		}
		long now = this.nanoTime.getAsLong();
		this.outage = true;
		this.told.met(at, now);
		this.telling = true;
		this.lastTold = describe(now);
		if (failure != null && !isStarting(failure, SLOW_START)) {
			this.log.failed(at, now, failure, reason(failure));
		}
	}

	private void tell(long now) {
		this.log.tell(now, this.refusals.keySet());
		if (this.told.end(now)) {
			this.telling = false;
			this.log.ended(this.told.nanos(now), this.refusals.keySet());
		}
	}

	/**
	 * That a server is to be probed.
	 *
	 * @param server the server
	 * @param full whether with all that scripts do, or without publishing
	 */
	record Due(String server, boolean full) {

	}

	/**
	 * What a server, or none in particular, refuses.
	 */
	record Refused(String server, Operation operation) {

		@Override
		public String toString() {
			return this.operation.name();
		}

	}

	/**
	 * That something was refused.
	 *
	 * @param stays whether a probe had said that it isn't refused any more, and was wrong
	 */
	private record Refusal(RedisFailure cause, long at, boolean stays) {

	}

	/**
	 * What a server is good for.
	 */
	enum State {

		/**
		 * It is read and written.
		 */
		WORKING,

		/**
		 * It is read, and refuses writes: it is full, a replica, or lacks replicas.
		 */
		READ_ONLY,

		/**
		 * It isn't reached, isn't ready, or lets nobody in.
		 */
		AWAY

	}

	private static final class Server {

		/**
		 * Since when it has been in use.
		 */
		private final long since;

		private volatile long lastAnswer;

		/**
		 * A server that loads its data, or has lost its primary, still publishes.
		 */
		private volatile long lastAnswerOfKeys;

		private volatile long lastProof;

		/**
		 * Why it doesn't answer.
		 */
		private volatile @Nullable RedisFailure absence;

		/**
		 * Why it refuses writes.
		 */
		private volatile @Nullable RedisFailure refusal;

		private long refusedAt;

		private long lastProbe;

		private long lastFullProbe;

		private boolean probing;

		private int doublings;

		private long nextProbe;

		private boolean missing;

		Server(long now) {
			this.since = now;
			this.lastAnswer = now - 1;
			this.lastAnswerOfKeys = now - 1;
			this.lastProof = now - QUIET;
			this.lastProbe = now;
			this.lastFullProbe = now - PROBE_AT_LEAST;
			this.nextProbe = now;
		}

		State state() {
			return (this.absence != null) ? State.AWAY : (this.refusal != null) ? State.READ_ONLY : State.WORKING;
		}

		boolean isMissingAgain() {
			boolean before = this.missing;
			this.missing = true;
			return before;
		}

		boolean isFull() {
			RedisFailure refusal = this.refusal;
			return refusal != null && refusal.kind() == RedisFailure.Kind.WRITES_REFUSED;
		}

		boolean isKnownToWork() {
			return state() == State.WORKING && hasAnswered();
		}

		boolean hasAnswered() {
			return this.lastAnswer - this.since >= 0;
		}

		@Nullable RedisFailure failure() {
			RedisFailure absence = this.absence;
			return (absence != null) ? absence : this.refusal;
		}

		long lastAnswer(RedisFailure failure) {
			return (failure.kind() == RedisFailure.Kind.PASSING) ? this.lastAnswerOfKeys : this.lastAnswer;
		}

		void answered(long now, Operation operation) {
			this.lastAnswer = now;
			if (operation.hasKeys()) {
				this.lastAnswerOfKeys = now;
			}
			RedisFailure absence = this.absence;
			if (absence != null && (operation.hasKeys() || absence.kind() != RedisFailure.Kind.PASSING)) {
				this.absence = null;
			}
		}

	}

}
