package io.github.mcppersist.modern;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * The keys of all nodes for request states: those that the application has given, or one
 * that the nodes agree on by their store. There it is kept as a task that nobody runs:
 * whoever creates it first has drawn the key, and it stays for as long as a node renews
 * it. A node that can't read it, since the keys of encryption have changed, creates
 * another one under a next name: nodes seal with the latest that they can read, and open
 * with all of them. Thread-safe.
 */
final class SharedKeys {

	private static final String PURPOSE = "request-state-key";

	private static final String FIELD = "key";

	/**
	 * From one start of a server to the next: later its states are no good anyway.
	 */
	private static final Duration TIME_TO_LIVE = Duration.ofDays(1);

	private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

	/**
	 * How many names there are. An entry that nobody seals with expires, so more than two
	 * are used only if encryption changes twice in a day.
	 */
	private static final int MAX_ENTRIES = 3;

	/**
	 * How many keys are known, those before included.
	 */
	private static final int MAX_KEYS = 2 * MAX_ENTRIES;

	private static final Logger logger = LoggerFactory.getLogger(SharedKeys.class);

	private final ModernStore store;

	/**
	 * What this node proposes, if it is the first.
	 */
	private final byte[] proposal = RequestStateKeys.randomKey();

	private final LongSupplier nanoTime;

	private final AtomicReference<Ring> ring;

	/**
	 * When the store was asked last for a key that isn't known here.
	 */
	private final AtomicLong askedNanos;

	SharedKeys(ModernStore store, List<byte[]> given, LongSupplier nanoTime) {
		this.store = store;
		this.nanoTime = nanoTime;
		this.ring = new AtomicReference<>(new Ring(given, !given.isEmpty(), null));
		this.askedNanos = new AtomicLong(nanoTime.getAsLong() - PAUSE_NANOS);
	}

	private Ring ring() {
		return Objects.requireNonNull(this.ring.get());
	}

	/**
	 * Return the keys.
	 * @return emits them; fails if the store is asked and doesn't answer
	 */
	Mono<RequestStateKeys> get() {
		return Mono.defer(() -> {
			RequestStateKeys known = ring().keys;
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
			boolean ask = !ring().given && known.isOfAnotherKey(text) && mayAsk();
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
	 * Keep the key in the store for as long as this node has it, and have it there again
	 * if the store has lost it.
	 * @return completes if the key is there, or none is used; fails as above
	 */
	Mono<Void> renew() {
		return Mono.defer(() -> {
			if (ring().given || ring().keys == null) {
				return Mono.empty();
			}
			return agree().then(Mono.defer(() -> {
				String task = ring().task;
				return (task != null) ? this.store.tasks().renewTasks(List.of(task)) : Mono.empty();
			}));
		});
	}

	/**
	 * Find the key that all nodes seal with, or propose one.
	 * @return emits the keys with it; fails if the store doesn't answer
	 */
	private Mono<RequestStateKeys> agree() {
		return Flux.range(1, MAX_ENTRIES)
			.map((number) -> TaskNames.ofOwn(PURPOSE + '-' + number, this.store.serverName().get()))
			.concatMap(this::look)
			.collectList()
			.flatMap((entries) -> {
				List<Entry> readable = entries.stream().filter((entry) -> entry.key != null).toList();
				return readable.isEmpty() ? propose(entries).map(List::of) : Mono.just(readable);
			})
			.map(this::agreed);
	}

	private Mono<Entry> look(String name) {
		return this.store.tasks()
			.findTask(name)
			.map((task) -> new Entry(name, task.createdAt(), task.inputRequests().get(FIELD)))
			.defaultIfEmpty(new Entry(name, null, null))
			.onErrorResume(SharedKeys::isUnreadable, (ex) -> {
				logger.debug("A key for request states can't be read here; another one is used", ex);
				return Mono.just(new Entry(name, Instant.MIN, null));
			});
	}

	private static boolean isUnreadable(Throwable ex) {
		return ex instanceof TaskStoreException && !(ex instanceof TaskStoreUnavailableException);
	}

	private Mono<Entry> propose(List<Entry> entries) {
		// If the store has lost what this node seals with, the others need it again
		Ring known = ring();
		byte[] key = known.list.isEmpty() ? this.proposal : known.list.get(0);
		return Mono.justOrEmpty(entries.stream().filter((entry) -> entry.createdAt == null).findFirst())
			.switchIfEmpty(Mono.error(() -> new TaskStoreException("No key for request states can be read")))
			.flatMap((free) -> this.store.tasks()
				.createTask(new NewTask(free.name, this.store.nodes().nodeId(), null, null, TIME_TO_LIVE, null,
						Map.of(FIELD, key)))
				.map((task) -> new Entry(free.name, task.createdAt(), key))
				.onErrorResume(TaskExistsException.class, (ex) -> look(free.name)))
			.filter((entry) -> entry.key != null)
			.switchIfEmpty(
					Mono.error(() -> new TaskStoreUnavailableException("The key for request states has changed")));
	}

	private RequestStateKeys agreed(List<Entry> readable) {
		List<Entry> latestFirst = readable.stream()
			.sorted(Comparator.comparing((Entry entry) -> entry.createdAt)
				.thenComparing((entry) -> entry.name)
				.reversed())
			.toList();
		// Several find out at once, and none may lose what another one has found
		Ring now = this.ring.updateAndGet((ring) -> ring.with(latestFirst));
		return Objects.requireNonNull(now).requireKeys();
	}

	/**
	 * What the store has under a name.
	 *
	 * @param name the name of the task
	 * @param createdAt when it was created, or {@code null} if there is none
	 * @param key the key, or {@code null} if there is none, or it can't be read here
	 */
	private record Entry(String name, @Nullable Instant createdAt, byte @Nullable [] key) {
	}

	/**
	 * What is known.
	 */
	private static final class Ring {

		final List<byte[]> list;

		final boolean given;

		final @Nullable RequestStateKeys keys;

		/**
		 * The name of the task that holds the key to seal with.
		 */
		final @Nullable String task;

		Ring(List<byte[]> list, boolean given, @Nullable String task) {
			this.list = List.copyOf(list);
			this.given = given;
			this.keys = list.isEmpty() ? null : new RequestStateKeys(list);
			this.task = task;
		}

		/**
		 * Seal with the first of some keys from now on; what was sealed with those before
		 * can still be opened.
		 * @param entries the keys
		 * @return the keys with them
		 */
		Ring with(List<Entry> entries) {
			List<byte[]> list = new ArrayList<>();
			Stream.concat(entries.stream().map(Entry::key), this.list.stream()).forEach((key) -> {
				if (key != null && list.size() < MAX_KEYS
						&& list.stream().noneMatch((other) -> Arrays.equals(other, key))) {
					list.add(key);
				}
			});
			return new Ring(list, false, entries.get(0).name);
		}

		RequestStateKeys requireKeys() {
			return Objects.requireNonNull(this.keys);
		}

	}

}
