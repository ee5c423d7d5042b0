package io.github.mcppersist.task;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;

/**
 * Keeps calls that outlive their connection, so that every node can tell their state,
 * pass on their client's answers and end them: tasks (MCP extension
 * {@code io.modelcontextprotocol/tasks}), and calls whose client was asked something and
 * comes back with the answer (MCP 2026-07-28, "Multi Round-Trip Requests"). Both are a
 * task here. What an endpoint passes as a task ID is the task's {@linkplain TaskNames
 * name}.
 * <p>
 * A task has one <em>owner</em>, the node that runs the call, which creates it, changes
 * it, renews it and ends it. Any other node reads it, answers it and may end it: it
 * cancels it, or ends what an owner that has gone has left. Of all who end a task the
 * first wins, and an ended task never changes. So an owner that was taken for gone and
 * comes back is refused, and drops what it has.
 * <p>
 * For every store these hold, and {@code TaskStoreContractTests} tests them:
 * <ul>
 * <li>Nothing is done before subscription. Every {@link Mono} ends within the store's own
 * time limit; one that fails with {@link TaskStoreUnavailableException} may have been
 * carried out or not, and can be repeated: whoever subscribes again repeats the same
 * call, and it is carried out once.</li>
 * <li>Each call is atomic, and whatever call comes after it, on any node, sees it.</li>
 * <li>Signals come on any thread: one of the store's own, or of whoever subscribes or
 * makes a change. A subscriber neither blocks it nor runs a user's code on it.</li>
 * <li>A task is kept until {@link TaskRecord#createdAt()} plus
 * {@link TaskRecord#timeToLive()}, and maybe for a little longer, whether it has ended or
 * not. When it is created or ended, its time to live is raised so that this is no sooner
 * than {@link #minTimeToLive()} from then, and when it is renewed, no sooner than
 * {@link #timeToLive()}: so a client is never told of a time that isn't kept, a task that
 * runs for longer doesn't vanish, and one whose owner has gone does.</li>
 * <li>A request for input is outstanding until it is answered or
 * {@linkplain TaskChange#settled() settled}; while one is, the task is
 * {@link TaskStatus#INPUT_REQUIRED}, and otherwise, until it ends,
 * {@link TaskStatus#WORKING}. Its key is asked once in the task's life.</li>
 * <li>What is no task ID is an {@link IllegalArgumentException}.</li>
 * </ul>
 */
public interface TaskStore {

	/**
	 * How many requests for input a task may have in its life.
	 */
	int MAX_INPUT_REQUESTS = 1000;

	/**
	 * How many bytes of UTF-8 the key of a request may have.
	 */
	int MAX_KEY_BYTES = 256;

	/**
	 * How many bytes the requests of a task that are outstanding, and the answers that
	 * are not settled, take together at most.
	 */
	long MAX_INPUT_BYTES = 32 * 1024 * 1024;

	/**
	 * Of how many rounds the outcomes are kept. A client doesn't begin a round before it
	 * has the outcome of the one before.
	 */
	int KEPT_ROUNDS = 8;

	/**
	 * How many bytes of these are kept together: from the last round back, and of a task
	 * that hasn't ended that one anyway. Whoever makes an older request again has had its
	 * outcome, or the end takes its place.
	 */
	int KEPT_ROUND_BYTES = 256 * 1024;

	/**
	 * Create a task. It is stored when this completes.
	 * @param task the task
	 * @return the task as it is stored; fails with {@link TaskExistsException}, with
	 * {@link TooManyTasksException}, with {@link TaskStoreRefusedException} if it asks
	 * more than a task may, or with {@link TaskStoreUnavailableException}
	 */
	Mono<TaskRecord> createTask(NewTask task);

	/**
	 * Find a task.
	 * @param taskId the task
	 * @return all that is known of it, or nothing if it isn't stored; fails with
	 * {@link TaskStoreUnavailableException}, or with {@link TaskUnreadableException}
	 */
	Mono<TaskRecord> findTask(String taskId);

	/**
	 * Find a task for what it asks its client, without what has come of it: that may be
	 * large.
	 * @param taskId the task
	 * @return the task as {@link #findTask} finds it, but for answers, rounds and
	 * outcome, of which it has none; fails like that
	 */
	Mono<TaskRecord> findRequests(String taskId);

	/**
	 * Change a task, as its owner. A key that is asked although it is outstanding or
	 * answered stays as it is, since that is the same change made again. A round that has
	 * an outcome keeps it. What is to be settled and was never asked is passed over.
	 * @param taskId the task
	 * @param change what is to be changed
	 * @return the state that the task is in now; fails with
	 * {@link TaskNotFoundException}, with {@link TaskEndedException}, with
	 * {@link IllegalArgumentException} if a key is asked that was settled before, with
	 * {@link TaskStoreRefusedException} if more is asked than a task may, or with
	 * {@link TaskStoreUnavailableException}. Nothing is changed then
	 */
	Mono<TaskState> updateTask(String taskId, TaskChange change);

	/**
	 * Give a client's answers to the owner of a task. Of two answers to one request the
	 * first counts. Those to requests that aren't outstanding are passed over, as all are
	 * if the task has ended.
	 * @param taskId the task
	 * @param answers the answers as UTF-8 JSON, each at least one byte, by the key of
	 * their request
	 * @return the state that the task is in now; fails with
	 * {@link TaskNotFoundException}, or with {@link TaskStoreUnavailableException}, also
	 * if more than {@value #MAX_INPUT_BYTES} bytes would be outstanding or wait to be
	 * settled; or with {@link TaskStoreRefusedException} if they would although no other
	 * answer waited
	 */
	Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers);

	/**
	 * End a task. Its owner ends it with what has come of it; everybody else cancels it,
	 * or lets it fail. What it has asked and was answered is dropped, and so are outcomes
	 * of rounds beyond {@value #KEPT_ROUND_BYTES} bytes.
	 * @param taskId the task
	 * @param end how it ends
	 * @return whether it was this call that ended it: {@code false} if somebody else has;
	 * fails with {@link TaskNotFoundException}, with {@link TaskStoreRefusedException} if
	 * the outcome is larger than the store takes, or with
	 * {@link TaskStoreUnavailableException}
	 */
	Mono<Boolean> endTask(String taskId, TaskEnd end);

	/**
	 * Put off the expiry of tasks, as their owner. Those that have ended or aren't stored
	 * are passed over.
	 * @param taskIds the tasks
	 * @return completes when it is done; fails with {@link TaskStoreUnavailableException}
	 * if one of them may not be renewed
	 */
	Mono<Void> renewTasks(Collection<String> taskIds);

	/**
	 * Watch a task for changes that anybody makes, on this node or another: its owner for
	 * answers and for its end, others for what their clients wait for. What comes is no
	 * change but a revision that the task has reached: whoever has less reads the task,
	 * and so does whoever has more, since the store has lost what came after it.
	 * Revisions may be merged, come twice, or be lost while the store is out of reach, so
	 * whoever watches looks by itself from time to time.
	 * @param taskId the task
	 * @return emits a revision as soon as the task is watched (a read from then on misses
	 * nothing that doesn't emit another one), which may be later if the store is out of
	 * reach; then one after each change. Ends when it is cancelled, completes when the
	 * task isn't stored any more and that is noticed, or the store is closed; it doesn't
	 * fail. Revisions that find no demand are merged
	 */
	Flux<Revision> watch(String taskId);

	/**
	 * Return how long a task is kept at least after it was created or ended.
	 * @return a positive duration
	 */
	Duration minTimeToLive();

	/**
	 * Return how long a task is kept at least after it was renewed: its call runs on
	 * through an outage of the store that doesn't take longer.
	 * @return a duration that is no shorter than {@link #minTimeToLive()}
	 */
	Duration timeToLive();

	/**
	 * Return how often the owner of a task renews it while the call runs.
	 * @return a third of {@link #minTimeToLive()}
	 */
	default Duration renewalInterval() {
		return minTimeToLive().dividedBy(3);
	}

}
