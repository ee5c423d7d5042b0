package io.github.mcppersist.payload;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskPage;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskUnreadableException;

/**
 * A task store that encodes what it keeps of clients and tools before another one stores
 * it: requests for input, answers, outcomes, status messages, the hash of the principal
 * and the name of the tool. Task ID, owner, status, times, revision and the keys of
 * requests stay as they are.
 * <p>
 * Signals come on the threads of the other store, which also decode. What can't be
 * encoded fails with a {@link TaskStoreException}, and so does finding a task of which
 * this node can't decode a request or an outcome: another node may be able to. A status
 * message, a principal or a tool that can't be decoded is left out, and an answer is
 * found without content, since somebody waits for it.
 */
public final class EncodedTaskStore implements MonitoredTaskStore {

	private static final byte[] NO_CONTENT = {};

	private final TaskStore store;

	private final @Nullable MonitoredTaskStore monitored;

	private final Payloads payloads;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param payloads encodes and decodes
	 */
	public EncodedTaskStore(TaskStore store, Payloads payloads) {
		this.store = store;
		this.monitored = (store instanceof MonitoredTaskStore known) ? known : null;
		this.payloads = payloads;
	}

	private static <T> Mono<T> encoded(Supplier<Mono<T>> call) {
		try {
			return call.get();
		}
		catch (IllegalStateException ex) {
			return Mono.error(new TaskStoreException("What is known of a task can't be encoded", ex));
		}
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		String id = task.taskId();
		return encoded(() -> this.store
			.createTask(new NewTask(id, task.owner(), encode(id, "p", task.principal()), encode(id, "c", task.tool()),
					task.timeToLive(), encode(id, "m", task.statusMessage()), encode(id, "q:", task.inputRequests()))))
			.map((created) -> TaskRecord.created(task, created.createdAt(), created.timeToLive()));
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		return this.store.findTask(taskId).map(this::decode);
	}

	@Override
	public Mono<TaskRecord> findRequests(String taskId) {
		return this.store.findRequests(taskId).map(this::decode);
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		return encoded(() -> {
			TaskChange.Round round = change.round();
			return this.store.updateTask(taskId, new TaskChange(encode(taskId, "m", change.statusMessage()),
					encode(taskId, "q:", change.inputRequests()), change.settled(),
					(round != null) ? new TaskChange.Round(round.number(),
							this.payloads.encode(PayloadPlace.task(taskId, "z:" + round.number()), round.outcome()))
							: null,
					change.timeToLive(), encode(taskId, "c", change.tool())));
		});
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		return encoded(() -> this.store.answerInput(taskId, encode(taskId, "a:", answers)));
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		return encoded(() -> {
			byte[] outcome = end.outcome();
			return this.store.endTask(taskId, new TaskEnd(end.status(), encode(taskId, "m", end.statusMessage()),
					(outcome != null) ? this.payloads.encode(PayloadPlace.task(taskId, "x"), outcome) : null));
		});
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		return this.store.renewTasks(taskIds);
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		return this.store.watch(taskId);
	}

	/**
	 * Find tasks. What can't be decoded of one is left out.
	 * @throws UnsupportedOperationException if the other store can't find any
	 */
	@Override
	public Mono<TaskPage> findTasks(@Nullable String cursor, int size) {
		return monitored().findTasks(cursor, size)
			.map((page) -> new TaskPage(page.tasks().stream().map(this::decode).toList(), page.next()));
	}

	/**
	 * Describe a task. What can't be decoded of it is left out.
	 * @throws UnsupportedOperationException if the other store can't describe any
	 */
	@Override
	public Mono<StoredTask> describeTask(String taskId) {
		return monitored().describeTask(taskId).map(this::decode);
	}

	private MonitoredTaskStore monitored() {
		if (this.monitored == null) {
			throw new UnsupportedOperationException("The task store shows nothing of what it holds");
		}
		return this.monitored;
	}

	private StoredTask decode(StoredTask stored) {
		String id = stored.taskId();
		return new StoredTask(id, stored.node(), decodeOrNull(id, "p", stored.principal()),
				decodeOrNull(id, "c", stored.tool()), stored.status(), decodeOrNull(id, "m", stored.statusMessage()),
				stored.inputRequests(), stored.age(), stored.idle(), stored.left());
	}

	@Override
	public Duration minTimeToLive() {
		return this.store.minTimeToLive();
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	private @Nullable String encode(String taskId, String part, @Nullable String text) {
		return (text != null) ? this.payloads.encode(PayloadPlace.task(taskId, part), text) : null;
	}

	private Map<String, byte[]> encode(String taskId, String part, Map<String, byte[]> payloads) {
		Map<String, byte[]> encoded = new HashMap<>();
		payloads.forEach((key, payload) -> encoded.put(key,
				this.payloads.encode(PayloadPlace.task(taskId, part + key), payload)));
		return encoded;
	}

	private TaskRecord decode(TaskRecord stored) {
		String id = stored.taskId();
		byte[] outcome = stored.outcome();
		try {
			return new TaskRecord(id, stored.owner(), decodeOrNull(id, "p", stored.principal()), stored.status(),
					decodeOrNull(id, "m", stored.statusMessage()), stored.createdAt(), stored.lastUpdatedAt(),
					stored.timeToLive(), decode(id, "q:", stored.inputRequests(), this.payloads::decode),
					decode(id, "a:", stored.answers(), this::decodeAnswer),
					decode(id, "z:", stored.rounds(), this.payloads::decode),
					(outcome != null) ? this.payloads.decode(PayloadPlace.task(id, "x"), outcome) : null,
					stored.revision());
		}
		catch (UnreadablePayloadException ex) {
			throw new TaskUnreadableException("What is known of a task can't be opened", ex);
		}
	}

	private static <K> Map<K, byte[]> decode(String taskId, String part, Map<K, byte[]> stored,
			BiFunction<PayloadPlace, byte[], byte[]> decode) {
		Map<K, byte[]> decoded = new HashMap<>();
		stored
			.forEach((key, payload) -> decoded.put(key, decode.apply(PayloadPlace.task(taskId, part + key), payload)));
		return decoded;
	}

	private byte[] decodeAnswer(PayloadPlace place, byte[] stored) {
		try {
			return this.payloads.decode(place, stored);
		}
		catch (UnreadablePayloadException ex) {
			return NO_CONTENT;
		}
	}

	private @Nullable String decodeOrNull(String taskId, String part, @Nullable String stored) {
		try {
			return (stored != null) ? this.payloads.decode(PayloadPlace.task(taskId, part), stored) : null;
		}
		catch (UnreadablePayloadException ex) {
			return null;
		}
	}

}
