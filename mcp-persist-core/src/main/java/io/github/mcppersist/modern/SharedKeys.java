package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * The keys of all nodes for request states: those that the application has given, or one
 * that the nodes agree on by their store. There it is kept as a task that nobody runs:
 * whoever creates it first has drawn the key, and it stays for as long as a node renews
 * it. Thread-safe.
 */
final class SharedKeys {

	private static final String TASK_ID = "request-state-key";

	private static final String FIELD = "key";

	/**
	 * From one start of a server to the next: later its states are no good anyway.
	 */
	private static final Duration TIME_TO_LIVE = Duration.ofDays(1);

	private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

	private final ModernStore store;

	/**
	 * What this node proposes, if it is the first.
	 */
	private final byte[] proposal = RequestStateKeys.randomKey();

	private final LongSupplier nanoTime;

	private volatile Ring ring;

	/**
	 * When the store was asked last for a key that isn't known here.
	 */
	private final AtomicLong askedNanos;

	SharedKeys(ModernStore store, List<byte[]> given, LongSupplier nanoTime) {
		this.store = store;
		this.nanoTime = nanoTime;
		this.ring = new Ring(given, !given.isEmpty());
		this.askedNanos = new AtomicLong(nanoTime.getAsLong() - PAUSE_NANOS);
	}

	/**
	 * Return the keys.
	 * @return emits them; fails if the store is asked and doesn't answer
	 */
	Mono<RequestStateKeys> get() {
		return Mono.defer(() -> {
			RequestStateKeys known = this.ring.keys;
			return (known != null) ? Mono.just(known) : agree();
		});
	}

	/**
	 * Open what a client has brought back.
	 * @param text what it has sent
	 * @param boundTo what it is to be good for
	 * @return emits the state; empty if it is none that is good for that; fails as above
	 */
	Mono<RequestState> open(String text, byte[] boundTo) {
		return get().flatMap((known) -> {
			// The nodes may have agreed on another key since: the store was emptied
			boolean ask = !this.ring.given && known.isOfAnotherKey(text) && mayAsk();
			return (ask ? agree() : Mono.just(known)).flatMap((keys) -> Mono.justOrEmpty(keys.open(text, boundTo)));
		});
	}

	// Anybody can bring what looks like a state of another key: the store isn't asked for
	// each of them
	private boolean mayAsk() {
		long now = this.nanoTime.getAsLong();
		long before = this.askedNanos.get();
		return now - before >= PAUSE_NANOS && this.askedNanos.compareAndSet(before, now);
	}

	/**
	 * Return what is to be renewed in the store.
	 * @return the name of the task that holds the key, or {@code null} if none does
	 */
	@Nullable String task() {
		Ring ring = this.ring;
		return (ring.given || ring.keys == null) ? null : name();
	}

	private String name() {
		return TaskNames.of(TASK_ID, null, this.store.serverName().get());
	}

	private Mono<RequestStateKeys> agree() {
		NewTask task = new NewTask(name(), this.store.nodes().nodeId(), null, TIME_TO_LIVE, null,
				Map.of(FIELD, this.proposal));
		return this.store.tasks()
			.createTask(task)
			.map(TaskRecord::inputRequests)
			.onErrorResume(TaskExistsException.class,
					(ex) -> this.store.tasks().findTask(task.taskId()).map(TaskRecord::inputRequests))
			.flatMap((fields) -> Mono.justOrEmpty(fields.get(FIELD)))
			.switchIfEmpty(
					Mono.error(() -> new TaskStoreUnavailableException("The key for request states has expired")))
			.map(this::agreed);
	}

	private RequestStateKeys agreed(byte[] key) {
		Ring before = this.ring;
		Ring now = before.with(key);
		this.ring = now;
		return (now.keys != null) ? now.keys : new RequestStateKeys(List.of(key));
	}

	/**
	 * What is known.
	 */
	private static final class Ring {

		private final List<byte[]> list;

		private final boolean given;

		private final @Nullable RequestStateKeys keys;

		Ring(List<byte[]> list, boolean given) {
			this.list = List.copyOf(list);
			this.given = given;
			this.keys = list.isEmpty() ? null : new RequestStateKeys(list);
		}

		/**
		 * Seal with a key from now on; what was sealed with the one before can still be
		 * opened.
		 * @param key the key
		 * @return the keys with it
		 */
		Ring with(byte[] key) {
			List<byte[]> list = new ArrayList<>();
			list.add(key);
			this.list.stream().filter((other) -> !Arrays.equals(other, key)).findFirst().ifPresent(list::add);
			return new Ring(list, false);
		}

	}

}
