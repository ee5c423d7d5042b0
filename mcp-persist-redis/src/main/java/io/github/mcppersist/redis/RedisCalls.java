package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StoreOutage;

/**
 * Makes calls to Redis that end in time. Calls under way stand in one queue that is swept
 * every few milliseconds, because a timer for each call costs more than the call. How
 * many bytes are under way is bounded, and what goes beyond waits its turn, but for small
 * calls, which don't wait behind large ones; what Redis will do better in a moment is
 * asked again; and during an outage calls fail at once. No order is kept among calls: who
 * needs one makes the next when the one before has been answered.
 */
final class RedisCalls {

	/**
	 * Up to this many calls under way, each is sent at once.
	 */
	private static final int FEW_CALLS = 8;

	static final long MAX_BYTES_UNDER_WAY = 64 << 20;

	/**
	 * Up to so many bytes a call is small. What says that a node lives is, and what
	 * clients wait for who want nothing large.
	 */
	static final long SMALL = 4096;

	/**
	 * What small calls may have under way beside the others.
	 */
	private static final long MAX_SMALL_BYTES_UNDER_WAY = 4 << 20;

	private static final long SWEEP_INTERVAL_MS = 25;

	/**
	 * A sweep that comes so much too late says that this process stood still: it was
	 * collecting garbage, or had no processor.
	 */
	private static final long STANDSTILL_NANOS = 100_000_000L;

	/**
	 * How many times the time limit a call may be put off by standstills.
	 */
	private static final long MAX_STANDSTILLS = 10;

	private static final long RETRY_INTERVAL_MS = 20;

	/**
	 * What makes of {@link #RETRY_INTERVAL_MS} a third of a second.
	 */
	private static final int MAX_DOUBLINGS = 4;

	/**
	 * How often an error that isn't known may pass.
	 */
	private static final int MAX_UNKNOWN = 3;

	/**
	 * How long a call waits for a Redis that isn't ready yet.
	 */
	private static final long PATIENCE = 2_500_000_000L;

	/**
	 * What a call may take longer for each byte that is under way: a second for 20 MB.
	 */
	private static final long NANOS_PER_BYTE = 50;

	/**
	 * The same for each call that is under way: a second for 5,000, which may all begin
	 * in one moment.
	 */
	private static final long NANOS_PER_CALL = 200_000;

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private final RedisLink link;

	private final RedisHealth health = new RedisHealth(System::nanoTime);

	private final ScheduledExecutorService scheduler;

	private final long timeoutNanos;

	private final Queue<Call<?>> underWay = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean sweeping = new AtomicBoolean();

	/**
	 * When the next sweep is due, in terms of {@link System#nanoTime()}.
	 */
	private volatile long sweepDue;

	private final AtomicInteger callsUnderWay = new AtomicInteger();

	private final AtomicLong bytesUnderWay = new AtomicLong();

	private final AtomicLong smallBytesUnderWay = new AtomicLong();

	/**
	 * Guarded by itself. {@link #anyWaiting} mirrors whether it holds anything.
	 */
	private final Queue<Call<?>> waiting = new ArrayDeque<>();

	private volatile boolean anyWaiting;

	/**
	 * How often the connection broke on a large write.
	 */
	private final BrokenWrites brokenWrites = new BrokenWrites(System::nanoTime);

	/**
	 * Writes that an error met which nobody knows.
	 */
	private final UnknownWrites unknownWrites = new UnknownWrites();

	private final StuckSlots stuckSlots = new StuckSlots(System::nanoTime);

	private volatile boolean closed;

	RedisCalls(RedisLink link, ScheduledExecutorService scheduler, long timeoutNanos) {
		this.link = link;
		this.scheduler = scheduler;
		this.timeoutNanos = timeoutNanos;
	}

	/**
	 * Make a call, unless it would fail.
	 * @param operation what is done
	 * @param key the key, or one of those in the same slot, or a channel
	 * @param bytes about how many bytes are sent or answered
	 * @param command sends the call
	 * @param callback gets the answer, or else why there is none; called once, on any
	 * thread, and throws nothing
	 * @param <T> the type of the answer
	 */
	<T> void call(Operation operation, byte[] key, long bytes, Command<T> command,
			BiConsumer<@Nullable T, @Nullable Throwable> callback) {
		Call<T> call = new Call<>(operation, key, bytes, command, callback);
		if (this.closed) {
			callback.accept(null, closedException());
			return;
		}
		String server = this.link.server(key);
		if (!this.health.admits(server, operation)) {
			callback.accept(null, outageException(server));
			return;
		}
		if (this.stuckSlots.hinder(key, operation)) {
			callback.accept(null, new EventStoreUnavailableException(
					"No call is made for the moment. Resharding has not come to an end in slot " + this.stuckSlots));
			return;
		}
		if (!call.reserveAsSmall() && (this.anyWaiting || !reserve(bytes))) {
			enqueue(call);
			return;
		}
		begin(call);
	}

	/**
	 * Make a call whatever is known about the server.
	 * @param operation what is done
	 * @param key a key that the server holds
	 * @param command sends the call
	 * @param callback gets the answer, or else why there is none; called once, on any
	 * thread, and throws nothing
	 * @param <T> the type of the answer
	 */
	<T> void probe(Operation operation, byte[] key, Command<T> command,
			BiConsumer<@Nullable T, @Nullable Throwable> callback) {
		if (this.closed) {
			callback.accept(null, closedException());
			return;
		}
		begin(new Call<>(operation, key, 0, command, callback));
	}

	RedisHealth health() {
		return this.health;
	}

	StuckSlots stuckSlots() {
		return this.stuckSlots;
	}

	@Nullable StoreOutage outage() {
		return this.health.outage();
	}

	/**
	 * A connection broke. What is under way is sent again by the driver. If something of
	 * it has broken the connection, it is the largest.
	 * @param server where it was connected to
	 */
	void disconnected(String server) {
		Call<?> largest = null;
		for (Call<?> call : this.underWay) {
			boolean concerned = !call.isDone() && call.operation.writes() && server.equals(call.server);
			if (concerned && (largest == null || call.bytes > largest.bytes)) {
				largest = call;
			}
		}
		if (largest != null) {
			largest.suspected = true;
		}
	}

	/**
	 * Fail all calls that are under way, and all to come.
	 */
	void close() {
		this.closed = true;
		synchronized (this.waiting) {
			this.underWay.addAll(this.waiting);
			this.waiting.clear();
			this.anyWaiting = false;
		}
		for (Call<?> call = this.underWay.poll(); call != null; call = this.underWay.poll()) {
			call.abandon(closedException());
		}
	}

	private void begin(Call<?> call) {
		call.reserved = true;
		int before = this.callsUnderWay.getAndIncrement();
		long now = System.nanoTime();
		call.startedAt = now;
		// Calls share one connection: what was sent before has to get through as well.
		call.deadline = now + this.timeoutNanos
				+ (this.bytesUnderWay.get() + this.smallBytesUnderWay.get()) * NANOS_PER_BYTE + before * NANOS_PER_CALL;
		watch(call);
		call.send();
	}

	private void watch(Call<?> call) {
		this.underWay.add(call);
		startSweeping();
		if (this.closed && this.underWay.remove(call)) {
			call.abandon(closedException());
		}
	}

	private void startSweeping() {
		if (!this.sweeping.get() && this.sweeping.compareAndSet(false, true)) {
			sweepLater();
		}
	}

	private void sweepLater() {
		this.sweepDue = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SWEEP_INTERVAL_MS);
		schedule(this::sweep, SWEEP_INTERVAL_MS);
	}

	private void sweep() {
		boolean more = true;
		try {
			more = sweepOnce();
		}
		catch (Throwable ex) {
			// Or no call would ever end again for want of time
			logger.warn("Calls that took too long could not be ended", ex);
		}
		if (more) {
			sweepLater();
		}
	}

	private boolean sweepOnce() {
		long now = System.nanoTime();
		long standstill = now - this.sweepDue;
		if (standstill > STANDSTILL_NANOS) {
			// Redis isn't to blame: its answers may be here, and nobody has read them yet
			this.underWay.forEach((call) -> call.putOff(standstill));
			synchronized (this.waiting) {
				this.waiting.forEach((call) -> call.putOff(standstill));
			}
		}
		this.underWay.removeIf((call) -> call.isDone() || call.expire(now));
		List<Call<?>> late = new ArrayList<>();
		synchronized (this.waiting) {
			this.waiting.removeIf((call) -> call.isLate(now) && late.add(call));
			this.anyWaiting = !this.waiting.isEmpty();
		}
		late.forEach((call) -> call.abandon(
				new EventStoreUnavailableException("More events are on their way to Redis than it takes in time")));
		if (this.underWay.isEmpty() && !this.anyWaiting) {
			this.sweeping.set(false);
			if ((this.underWay.isEmpty() && !this.anyWaiting) || !this.sweeping.compareAndSet(false, true)) {
				return false;
			}
		}
		return true;
	}

	private void schedule(Runnable task, long millis) {
		try {
			this.scheduler.schedule(task, millis, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed: whatever was under way has been failed, or is about to be.
		}
	}

	private boolean reserve(long bytes) {
		long before = this.bytesUnderWay.getAndAdd(bytes);
		if (before == 0 || before + bytes <= MAX_BYTES_UNDER_WAY) {
			return true;
		}
		this.bytesUnderWay.addAndGet(-bytes);
		return false;
	}

	private void enqueue(Call<?> call) {
		long now = System.nanoTime();
		call.startedAt = now;
		call.deadline = now + this.timeoutNanos + (MAX_BYTES_UNDER_WAY + call.bytes) * NANOS_PER_BYTE;
		synchronized (this.waiting) {
			this.waiting.add(call);
			this.anyWaiting = true;
		}
		startSweeping();
		dequeue();
	}

	private void dequeue() {
		while (this.anyWaiting) {
			Call<?> next;
			synchronized (this.waiting) {
				next = this.waiting.peek();
				if (next == null || !reserve(next.bytes)) {
					return;
				}
				this.waiting.remove();
				this.anyWaiting = !this.waiting.isEmpty();
			}
			begin(next);
		}
	}

	private EventStoreUnavailableException outageException(String server) {
		RedisFailure failure = this.health.failure(server);
		return new EventStoreUnavailableException(
				(failure != null) ? "No call is made for the moment. " + failure.message() : "Redis is out of reach");
	}

	private static EventStoreUnavailableException closedException() {
		return new EventStoreUnavailableException("The event store is closed");
	}

	/**
	 * Sends one call.
	 *
	 * @param <T> the type of the answer
	 */
	@FunctionalInterface
	interface Command<T> {

		/**
		 * Send the call.
		 * @param link the way to Redis
		 * @param withBody whether a script is to be sent itself, not by its digest
		 * @return the answer
		 */
		CompletableFuture<T> send(RedisLink link, boolean withBody);

	}

	private final class Call<T> extends AtomicBoolean implements BiConsumer<@Nullable T, @Nullable Throwable> {

		private final Operation operation;

		private final byte[] key;

		private final long bytes;

		private final BiConsumer<@Nullable T, @Nullable Throwable> callback;

		private volatile @Nullable Command<T> command;

		private volatile @Nullable CompletableFuture<T> answer;

		private volatile @Nullable RedisFailure lastFailure;

		/**
		 * Whether it may have broken the connection.
		 */
		private volatile boolean suspected;

		private volatile String server = RedisLink.NO_SERVER;

		private boolean withBody;

		private boolean patient;

		private int retries;

		private boolean reserved;

		/**
		 * Where its bytes are counted.
		 */
		private AtomicLong pool = RedisCalls.this.bytesUnderWay;

		private long startedAt;

		private volatile long deadline;

		/**
		 * Only for the sweep.
		 */
		private long putOff;

		Call(Operation operation, byte[] key, long bytes, Command<T> command,
				BiConsumer<@Nullable T, @Nullable Throwable> callback) {
			this.operation = operation;
			this.key = key;
			this.bytes = bytes;
			this.command = command;
			this.callback = callback;
		}

		/**
		 * Have it begin now if it is small and there is room for it beside the others.
		 * @return whether it may begin
		 */
		boolean reserveAsSmall() {
			if (this.bytes > SMALL) {
				return false;
			}
			AtomicLong small = RedisCalls.this.smallBytesUnderWay;
			if (small.addAndGet(this.bytes) > MAX_SMALL_BYTES_UNDER_WAY) {
				small.addAndGet(-this.bytes);
				return false;
			}
			this.pool = small;
			return true;
		}

		boolean isDone() {
			return get();
		}

		void send() {
			Command<T> command = this.command;
			if (command == null) {
				return;
			}
			this.server = RedisCalls.this.link.server(this.key);
			CompletableFuture<T> answer;
			try {
				answer = command.send(RedisCalls.this.link, this.withBody);
				RedisCalls.this.link.flush(RedisCalls.this.callsUnderWay.get() > FEW_CALLS);
			}
			catch (Throwable ex) {
				// The call has begun, and whoever made it is told by its callback
				answer = CompletableFuture.failedFuture(ex);
			}
			this.answer = answer;
			answer.whenComplete(this);
		}

		@Override
		public void accept(@Nullable T reply, @Nullable Throwable failure) {
			if (isDone()) {
				return;
			}
			if (failure == null) {
				if (end()) {
					RedisCalls.this.health.succeeded(this.server, this.operation, this.startedAt,
							reply != null && this.operation.hasWritten(reply));
					RedisCalls.this.brokenWrites.succeeded(this.server, this.key, this.bytes, this.operation.writes());
					RedisCalls.this.unknownWrites.succeeded(this.server, this.key, this.operation);
					this.callback.accept(reply, null);
					dequeue();
				}
				return;
			}
			RedisFailure cause = RedisFailure.of(failure, RedisCalls.this.link.address(this.server));
			if (cause.isMoved() && !RedisCalls.this.link.isCluster()) {
				cause = RedisFailure.cluster(cause, RedisCalls.this.link.address(this.server));
			}
			if (cause.isForeignKey()) {
				cause = RedisFailure.foreignKey(cause, new String(this.key, StandardCharsets.UTF_8),
						RedisCalls.this.link.address(this.server));
			}
			if (cause.isClosed() && RedisCalls.this.link.isCluster()) {
				// Just now, since the topology has changed: there is another one in a
				// moment
				retry(cause);
				return;
			}
			switch (cause.kind()) {
				case NOSCRIPT -> {
					this.withBody = true;
					send();
				}
				case PASSING, SLOT -> {
					bePatient();
					retry(cause);
				}
				case UNKNOWN -> {
					if (this.retries < MAX_UNKNOWN) {
						retry(cause);
					}
					else if (!this.operation.writes() || this.operation.isProbe()
							|| RedisCalls.this.unknownWrites.isHopeless(this.server, this.key)) {
						fail(cause.asRefused());
					}
					else {
						fail(cause.asOutage());
					}
				}
				default -> fail(cause);
			}
		}

		private void retry(RedisFailure cause) {
			this.lastFailure = cause;
			int doublings = Math.min(this.retries++, MAX_DOUBLINGS);
			// Not all calls, and not all nodes, at the same moment
			double jitter = ThreadLocalRandom.current().nextDouble(0.75, 1.25);
			schedule(this::send, (long) ((RETRY_INTERVAL_MS << doublings) * jitter));
		}

		// Redis answers, and says that it will be ready in a moment. A Cluster is down
		// for
		// a second or two until a replica is promoted.
		private void bePatient() {
			if (!this.patient) {
				this.patient = true;
				this.deadline = Math.max(this.deadline, this.startedAt + PATIENCE);
			}
		}

		/**
		 * Wait longer, though not for ever in a process that stands still again and
		 * again.
		 * @param nanos how much longer
		 */
		void putOff(long nanos) {
			long longer = Math.min(nanos, MAX_STANDSTILLS * RedisCalls.this.timeoutNanos - this.putOff);
			this.putOff += longer;
			this.deadline += longer;
		}

		boolean isLate(long now) {
			return now - this.deadline >= 0;
		}

		boolean expire(long now) {
			if (!isLate(now)) {
				return false;
			}
			CompletableFuture<T> answer = this.answer;
			RedisFailure cause = this.lastFailure;
			fail((cause != null) ? cause
					: RedisCalls.this.link.unanswered(this.server, (this.deadline - this.startedAt) / 1_000_000));
			if (answer != null) {
				// What isn't on its way yet is not to be sent after a reconnect.
				answer.cancel(false);
			}
			return true;
		}

		void abandon(EventStoreUnavailableException cause) {
			if (end()) {
				this.callback.accept(null, cause);
			}
		}

		private void fail(RedisFailure reason) {
			if (end()) {
				RedisFailure cause = reason;
				if (reason.kind() == RedisFailure.Kind.CONNECTION && this.operation.writes()
						&& RedisCalls.this.brokenWrites.isHopeless(this.server, this.key, this.bytes,
								this.suspected || reason.isBreak())) {
					cause = RedisFailure.tooLarge(this.bytes, RedisCalls.this.link.address(this.server), reason);
				}
				if (cause.kind() == RedisFailure.Kind.SLOT && RedisCalls.this.link.isCluster()
						&& !this.operation.isProbe()) {
					RedisCalls.this.stuckSlots.waited(this.key, this.operation);
					cause = cause.ofSlots(RedisCalls.this.stuckSlots.toString());
					RedisCalls.this.health.refused(Operation.STUCK_SLOT, cause);
				}
				RedisCalls.this.health.failed(this.server, this.operation, this.startedAt, cause);
				this.callback.accept(null, exception(cause));
				dequeue();
			}
		}

		private EventStoreException exception(RedisFailure cause) {
			return (cause.kind() == RedisFailure.Kind.REFUSED || cause.kind() == RedisFailure.Kind.CALL_REFUSED)
					? new EventStoreRefusedException(cause.message(), cause.cause())
					: new EventStoreUnavailableException(cause.message(), cause.cause());
		}

		private boolean end() {
			if (!compareAndSet(false, true)) {
				return false;
			}
			// The queue may hold this object for a while yet; the payload can go.
			this.command = null;
			if (this.reserved) {
				RedisCalls.this.callsUnderWay.decrementAndGet();
				this.pool.addAndGet(-this.bytes);
			}
			return true;
		}

	}

}
