package io.github.mcppersist.test.task;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link TaskStore} must do. A store extends this class with its own, and
 * supplies the stores.
 */
@Timeout(600)
public abstract class TaskStoreContractTests {

	/**
	 * How long any one call may take.
	 */
	protected static final Duration TIMEOUT = Duration.ofMinutes(1);

	private static final String ODD_TEXT = "\"\\u0000 \u00e9 \u20ac \ud83d\ude80 \ud834\udd1e {}[] \\r\\n \r\n\t"
			+ "\u0000\u0001\u007f\ufeff\u2028 %s %n ${a} #{b} '";

	private static final List<String> NOT_TASK_IDS = List.of("", " ", "a b", "a}b", "{a", "a:b", "a*", "a\n", "\u0000",
			"\u00e9", "\ud83d\ude80", "a".repeat(129));

	private final String task = TaskNames.of(TaskNames.randomTaskId(), "alice", "server");

	private final List<Disposable> watches = new ArrayList<>();

	/**
	 * Return the store under test, on the node that owns the tasks: within one test the
	 * same at each call, with bounds that no test reaches. Its
	 * {@link TaskStore#minTimeToLive()} is two {@link #unit() units}, and its
	 * {@link TaskStore#timeToLive()} three.
	 * @return the store
	 */
	protected abstract TaskStore store();

	/**
	 * Return a store over the same tasks as {@link #store()}, as another node would have
	 * it: within one test the same at each call.
	 * @return another store, or the same one if its tasks are its own
	 */
	protected abstract TaskStore secondNode();

	/**
	 * Return the ID of the node of {@link #store()}.
	 * @return the ID
	 */
	protected abstract String nodeId();

	/**
	 * Return the unit of the times to live. A store that is asked half a unit later than
	 * it should be fails the tests of expiry. So a store for which
	 * {@link #elapse(Duration)} moves a clock has a long unit, and whoever has to wait a
	 * short one.
	 * @return a positive duration
	 */
	protected Duration unit() {
		return Duration.ofSeconds(1);
	}

	private Duration units(double count) {
		return Duration.ofMillis((long) (count * unit().toMillis()));
	}

	/**
	 * Let time pass for the stores under test.
	 * @param duration how much
	 */
	protected void elapse(Duration duration) {
		Awaitility.await().pollDelay(duration).atMost(duration.plus(TIMEOUT)).until(() -> true);
	}

	@AfterEach
	void endWatches() {
		this.watches.forEach(Disposable::dispose);
	}

	// Creating and finding

	@Test
	void findsATaskAsItWasCreated() {
		TaskRecord created = create(store(), working());

		assertThat(created).isEqualTo(TaskRecord.created(working(), created.createdAt(), units(10)));
		assertThat(created.status()).isEqualTo(TaskStatus.WORKING);
		assertThat(created.revision()).isEqualTo(Revision.FIRST);
		assertThat(find(store())).isEqualTo(created);
		assertThat(find(secondNode())).isEqualTo(created);
	}

	@Test
	void findsATaskOfNobodyWithoutAnything() {
		NewTask bare = NewTask.working(this.task, nodeId(), null, units(10));

		TaskRecord created = create(store(), bare);

		assertThat(find(secondNode())).isEqualTo(created);
		assertThat(created.principal()).isNull();
		assertThat(created.statusMessage()).isNull();
	}

	@Test
	void findsACallThatHasAskedItsClientAlready() {
		NewTask asking = new NewTask(this.task, nodeId(), null, null, units(10), ODD_TEXT,
				Map.of("one", bytes(ODD_TEXT), ODD_TEXT, bytes("{}")));

		TaskRecord created = create(store(), asking);

		assertThat(created.status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
		assertThat(created.inputRequests()).containsOnlyKeys("one", ODD_TEXT);
		assertThat(find(secondNode())).isEqualTo(created);
	}

	@Test
	void tellsTheTimesOfOneClock() {
		TaskRecord created = create(store(), working());
		assertThat(created.createdAt()).isEqualTo(Instant.ofEpochMilli(created.createdAt().toEpochMilli()));
		assertThat(created.lastUpdatedAt()).isEqualTo(created.createdAt());

		block(store().updateTask(this.task, TaskChange.none().withStatusMessage("half of it")));

		TaskRecord updated = find(secondNode());
		assertThat(updated.createdAt()).isEqualTo(created.createdAt());
		assertThat(updated.lastUpdatedAt()).isBetween(created.createdAt(), created.createdAt().plus(TIMEOUT));
	}

	@Test
	void findsNothingOfAnUnknownTask() {
		create(store(), working());
		String other = TaskNames.of(TaskNames.randomTaskId(), "alice", "server");

		assertThat(blockOrNull(store().findTask(other))).isNull();
		assertNotFound(store().updateTask(other, TaskChange.none().withStatusMessage("a")));
		assertNotFound(store().answerInput(other, Map.of("one", bytes("1"))));
		assertNotFound(store().endTask(other, TaskEnd.cancelled(null)));
		blockOrNull(store().renewTasks(List.of(other)));
		assertThat(block(store().watch(other).collectList())).isEmpty();
		assertThat(block(secondNode().watch(other).collectList())).isEmpty();
		assertThat(blockOrNull(secondNode().findTask(other))).isNull();
	}

	@Test
	void createsNoTaskUnderAnIdThatAnotherOneHas() {
		TaskRecord created = create(store(), working());

		assertThatExceptionOfType(TaskExistsException.class).isThrownBy(() -> create(store(), working()));
		assertThatExceptionOfType(TaskExistsException.class)
			.isThrownBy(() -> create(secondNode(), NewTask.working(this.task, nodeId(), "mallory", units(100))));

		assertThat(find(store())).isEqualTo(created);
	}

	@Test
	void createsATaskOnceHoweverOftenTheCallIsRepeated() {
		Mono<TaskRecord> creating = store().createTask(working());

		TaskRecord created = block(creating);

		assertThat(block(creating)).isEqualTo(created);
		assertThat(find(secondNode())).isEqualTo(created);
	}

	@Test
	void oneOfTwoWhoCreateATaskAtOnceDoes() {
		List<Object> outcomes = race(IntStream.range(0, 10).mapToObj((i) -> store().createTask(working())).toList());

		assertThat(outcomes).filteredOn(TaskRecord.class::isInstance).hasSize(1);
		assertThat(outcomes).filteredOn(TaskExistsException.class::isInstance).hasSize(9);
	}

	@Test
	void doesNothingBeforeSubscription() {
		Mono<TaskRecord> creating = store().createTask(asking("one", "two"));
		assertThat(blockOrNull(store().findTask(this.task))).isNull();

		TaskRecord created = block(creating);
		Mono<TaskState> updating = store().updateTask(this.task, TaskChange.none().withStatusMessage("a"));
		Mono<TaskState> answering = store().answerInput(this.task, Map.of("one", bytes("1")));
		Mono<Boolean> ending = store().endTask(this.task, TaskEnd.cancelled(null));
		assertThat(find(store())).isEqualTo(created);

		block(updating);
		block(answering);
		assertThat(find(store()).inputRequests()).containsOnlyKeys("two");
		assertThat(block(ending)).isTrue();
	}

	@Test
	void refusesWhatIsNoTaskId() {
		for (String id : NOT_TASK_IDS) {
			assertIllegal(() -> store().createTask(NewTask.working(id, nodeId(), null, units(10))));
			assertIllegal(() -> store().findTask(id));
			assertIllegal(() -> store().findRequests(id));
			assertIllegal(() -> store().updateTask(id, TaskChange.none()));
			assertIllegal(() -> store().answerInput(id, Map.of()));
			assertIllegal(() -> store().endTask(id, TaskEnd.cancelled(null)));
			assertIllegal(() -> store().renewTasks(List.of(id)));
			assertIllegal(() -> store().watch(id).then());
		}
	}

	// What the owner changes

	@Test
	void tellsTheStateAfterAChange() {
		create(store(), working());

		TaskState state = block(store().updateTask(this.task, TaskChange.none().withStatusMessage("half of it")));

		assertThat(state).isEqualTo(new TaskState(nodeId(), TaskStatus.WORKING, new Revision(2)));
		assertThat(find(secondNode()).statusMessage()).isEqualTo("half of it");
		assertThat(find(secondNode()).revision()).isEqualTo(new Revision(2));
	}

	@Test
	void keepsEveryCharacterOfAStatusMessage() {
		create(store(), working());

		for (String message : List.of(ODD_TEXT, "", "~", "~a")) {
			block(store().updateTask(this.task, TaskChange.none().withStatusMessage(message)));

			assertThat(find(secondNode()).statusMessage()).isEqualTo(message);
		}
	}

	@Test
	void changesNothingIfThereIsNothingToChange() {
		TaskRecord created = create(store(), working());

		TaskState state = block(store().updateTask(this.task, TaskChange.none()));

		assertThat(state.revision()).isEqualTo(Revision.FIRST);
		assertThat(find(secondNode())).isEqualTo(created);
	}

	@Test
	void requiresInputWhileARequestIsOutstanding() {
		create(store(), working());

		assertThat(block(store().updateTask(this.task, ask("one", "two"))).status())
			.isEqualTo(TaskStatus.INPUT_REQUIRED);
		assertThat(find(secondNode()).inputRequests()).containsOnlyKeys("one", "two");
		assertThat(find(secondNode()).status()).isEqualTo(TaskStatus.INPUT_REQUIRED);

		assertThat(block(secondNode().answerInput(this.task, Map.of("one", bytes("1")))))
			.isEqualTo(new TaskState(nodeId(), TaskStatus.INPUT_REQUIRED, new Revision(3)));
		assertThat(find(store()).inputRequests()).containsOnlyKeys("two");
		assertAnswers(find(store()), Map.of("one", "1"));

		assertThat(block(store().answerInput(this.task, Map.of("two", bytes("2")))).status())
			.isEqualTo(TaskStatus.WORKING);
		assertThat(find(secondNode()).inputRequests()).isEmpty();
		assertAnswers(find(secondNode()), Map.of("one", "1", "two", "2"));
	}

	@Test
	void removesAnAnswerOnlyOnceItIsSettled() {
		create(store(), asking("one", "two"));
		block(secondNode().answerInput(this.task, Map.of("one", bytes("1"))));
		assertAnswers(find(store()), Map.of("one", "1"));
		assertAnswers(find(store()), Map.of("one", "1"));

		TaskState settled = block(store().updateTask(this.task, settle("one")));

		assertThat(settled.revision()).isEqualTo(new Revision(2));
		assertThat(find(secondNode()).answers()).isEmpty();
		assertThat(find(secondNode()).inputRequests()).containsOnlyKeys("two");
		assertThat(block(store().updateTask(this.task, settle("one"))).revision()).isEqualTo(new Revision(2));
	}

	@Test
	void withdrawsARequestThatIsSettledBeforeItIsAnswered() {
		create(store(), asking("one", "two"));

		TaskState state = block(store().updateTask(this.task, settle("one", "unknown")));
		assertThat(state.status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
		assertThat(find(secondNode()).inputRequests()).containsOnlyKeys("two");

		block(secondNode().answerInput(this.task, Map.of("one", bytes("late"))));
		assertThat(find(store()).answers()).isEmpty();
		assertThat(block(store().updateTask(this.task, settle("two"))).status()).isEqualTo(TaskStatus.WORKING);
	}

	@Test
	void asksAKeyOnceInATasksLife() {
		create(store(), asking("answered", "taken", "withdrawn"));
		block(store().answerInput(this.task, Map.of("answered", bytes("1"), "taken", bytes("2"))));
		block(store().updateTask(this.task, settle("taken", "withdrawn")));
		TaskRecord before = find(store());

		for (String key : List.of("taken", "withdrawn")) {
			assertThatIllegalArgumentException()
				.isThrownBy(() -> block(store().updateTask(this.task, ask("new", key).withStatusMessage("asked"))))
				.withMessageContaining("'" + key + "'");
		}
		assertThat(find(secondNode())).isEqualTo(before);
		// The same call again, whose answer came meanwhile
		assertThat(block(store().updateTask(this.task, ask("answered"))).status()).isEqualTo(TaskStatus.WORKING);
		assertThat(find(secondNode())).isEqualTo(before);
	}

	@Test
	void keepsARequestThatIsAskedAgainAsItWas() {
		create(store(), asking("one"));
		TaskRecord before = find(store());

		block(store().updateTask(this.task, TaskChange.none().withInputRequests(Map.of("one", bytes("another")))));

		assertThat(find(secondNode())).isEqualTo(before);
	}

	@Test
	void makesAllOfAChangeInOneStep() {
		create(store(), asking("one"));
		block(secondNode().answerInput(this.task, Map.of("one", bytes("1"))));

		TaskState state = block(store().updateTask(this.task,
				ask("two").withSettled(Set.of("one"))
					.withStatusMessage("next")
					.withRound(1, bytes("first"))
					.withTimeToLive(units(20))));

		assertThat(state).isEqualTo(new TaskState(nodeId(), TaskStatus.INPUT_REQUIRED, new Revision(3)));
		TaskRecord found = find(secondNode());
		assertThat(found.inputRequests()).containsOnlyKeys("two");
		assertThat(found.answers()).isEmpty();
		assertThat(found.statusMessage()).isEqualTo("next");
		assertThat(found.rounds().get(1)).isEqualTo(bytes("first"));
		assertThat(found.timeToLive()).isBetween(units(20), units(20).plusSeconds(5));
	}

	@Test
	void asksNoMoreThanATaskMay() {
		create(store(), working());
		Map<String, byte[]> most = new HashMap<>();
		IntStream.range(0, TaskStore.MAX_INPUT_REQUESTS - 1).forEach((i) -> most.put("key" + i, bytes("{}")));
		block(store().updateTask(this.task, TaskChange.none().withInputRequests(most)));
		block(store().updateTask(this.task, settle("key0")));
		block(store().updateTask(this.task, ask("last")));

		assertThatExceptionOfType(TaskStoreRefusedException.class)
			.isThrownBy(() -> block(store().updateTask(this.task, ask("one-more"))));

		assertThat(find(secondNode()).inputRequests()).hasSize(TaskStore.MAX_INPUT_REQUESTS - 1)
			.containsKey("last")
			.doesNotContainKey("one-more");
	}

	@Test
	void holdsNoMoreBytesOfRequestsAndAnswersThanATaskMay() {
		byte[] large = randomBytes(15 * 1024 * 1024);
		create(store(), asking("small"));
		block(store().updateTask(this.task, TaskChange.none().withInputRequests(Map.of("one", large, "two", large))));
		assertThatExceptionOfType(TaskStoreRefusedException.class).isThrownBy(() -> block(
				store().updateTask(this.task, TaskChange.none().withInputRequests(Map.of("three", large)))));
		assertThatExceptionOfType(TaskStoreRefusedException.class)
			.isThrownBy(() -> block(secondNode().answerInput(this.task, Map.of("small", large))));
		assertThat(find(store()).inputRequests()).containsOnlyKeys("small", "one", "two");

		block(secondNode().answerInput(this.task, Map.of("one", bytes("1"))));
		block(secondNode().answerInput(this.task, Map.of("small", large)));
		block(store().updateTask(this.task, settle("two", "small")));
		block(store().updateTask(this.task, TaskChange.none().withInputRequests(Map.of("three", large))));

		assertThat(find(secondNode()).inputRequests()).containsOnlyKeys("three");
	}

	@Test
	void hasRoomForAnAnswerOnceOthersAreSettled() {
		byte[] large = randomBytes(20 * 1024 * 1024);
		create(store(), asking("one", "two"));
		block(secondNode().answerInput(this.task, Map.of("one", large)));

		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> block(secondNode().answerInput(this.task, Map.of("two", large))));
		block(store().updateTask(this.task, settle("one")));
		block(secondNode().answerInput(this.task, Map.of("two", large)));

		assertThat(find(store()).answers()).containsOnlyKeys("two");
	}

	@Test
	void hasRoomForWhatIsAskedWhereTheSameStepSettles() {
		byte[] large = randomBytes(20 * 1024 * 1024);
		create(store(), asking("one", "other"));
		block(secondNode().answerInput(this.task, Map.of("one", large)));

		block(store().updateTask(this.task, settle("one").withInputRequests(Map.of("two", large))));
		block(store().updateTask(this.task, settle("two", "other").withInputRequests(Map.of("three", large))));

		assertThat(find(secondNode()).inputRequests()).containsOnlyKeys("three");
		assertThatExceptionOfType(TaskStoreRefusedException.class).isThrownBy(() -> block(store().updateTask(this.task,
				TaskChange.none().withSettled(Set.of("unknown")).withInputRequests(Map.of("four", large)))));
	}

	@Test
	void createsNoTaskThatAsksMoreThanItMay() {
		Map<String, byte[]> tooMany = new HashMap<>();
		IntStream.rangeClosed(0, TaskStore.MAX_INPUT_REQUESTS).forEach((i) -> tooMany.put("key" + i, bytes("{}")));
		Map<String, byte[]> tooLarge = Map.of("key", randomBytes((int) TaskStore.MAX_INPUT_BYTES + 1));

		for (Map<String, byte[]> requests : List.of(tooMany, tooLarge)) {
			assertThatExceptionOfType(TaskStoreRefusedException.class).isThrownBy(
					() -> create(store(), new NewTask(this.task, nodeId(), null, null, units(10), null, requests)));
		}
		assertThat(blockOrNull(store().findTask(this.task))).isNull();
	}

	// Answers

	@Test
	void passesOverAnswersToWhatIsNotAsked() {
		TaskRecord created = create(store(), asking("one"));

		TaskState state = block(secondNode().answerInput(this.task,
				Map.of("unknown", bytes("1"), "k".repeat(1000), bytes("2"), "", bytes("3"))));

		assertThat(state).isEqualTo(new TaskState(nodeId(), TaskStatus.INPUT_REQUIRED, Revision.FIRST));
		assertThat(find(store())).isEqualTo(created);
		assertThat(block(secondNode().answerInput(this.task, Map.of())).revision()).isEqualTo(Revision.FIRST);
	}

	@Test
	void keepsTheFirstOfTwoAnswers() {
		create(store(), asking("one"));

		block(store().answerInput(this.task, Map.of("one", bytes("first"))));
		TaskState state = block(secondNode().answerInput(this.task, Map.of("one", bytes("second"))));

		assertThat(state.revision()).isEqualTo(new Revision(2));
		assertAnswers(find(store()), Map.of("one", "first"));
	}

	@Test
	void keepsTheFirstOfTwoAnswersThatComeAtOnce() {
		create(store(), asking("one"));

		race(IntStream.range(0, 20)
			.mapToObj((i) -> ((i % 2 == 0) ? store() : secondNode()).answerInput(this.task,
					Map.of("one", bytes("answer" + i))))
			.toList());

		TaskRecord found = find(store());
		assertThat(found.revision()).isEqualTo(new Revision(2));
		assertThat(found.answers()).containsOnlyKeys("one");
	}

	@Test
	void keepsEveryByteOfAnAnswer() {
		byte[] odd = new byte[256 * 40];
		for (int i = 0; i < odd.length; i++) {
			odd[i] = (byte) i;
		}
		create(store(), asking("one", ODD_TEXT));

		block(secondNode().answerInput(this.task, Map.of("one", odd, ODD_TEXT, bytes(ODD_TEXT))));

		assertThat(find(store()).answers().get("one")).isEqualTo(odd);
		assertThat(find(store()).answers().get(ODD_TEXT)).isEqualTo(bytes(ODD_TEXT));
	}

	@Test
	void refusesAnEmptyAnswer() {
		create(store(), asking("one"));

		assertIllegal(() -> store().answerInput(this.task, Map.of("one", new byte[0])));

		assertThat(find(store()).inputRequests()).containsOnlyKeys("one");
	}

	// Rounds

	@Test
	void keepsTheOutcomeThatARoundHadFirst() {
		create(store(), working());
		block(store().updateTask(this.task, TaskChange.none().withRound(1, bytes("first"))));
		Revision before = find(store()).revision();

		TaskState state = block(store().updateTask(this.task, TaskChange.none().withRound(1, bytes("second"))));

		assertThat(state.revision()).isEqualTo(before);
		assertThat(find(secondNode()).rounds().get(1)).isEqualTo(bytes("first"));
	}

	@Test
	void keepsTheOutcomesOfTheLastRounds() {
		create(store(), working());

		for (int round = 1; round <= 100; round++) {
			block(store().updateTask(this.task, TaskChange.none().withRound(round, bytes("round " + round))));
		}

		Map<Integer, byte[]> rounds = find(secondNode()).rounds();
		assertThat(rounds).hasSize(TaskStore.KEPT_ROUNDS);
		assertThat(rounds.get(100)).isEqualTo(bytes("round 100"));
		assertThat(rounds).containsKey(101 - TaskStore.KEPT_ROUNDS);
	}

	@Test
	void keepsTheOutcomesOfRoundsWhenTheTaskHasEnded() {
		create(store(), working());
		block(store().updateTask(this.task, TaskChange.none().withRound(1, bytes("first"))));

		block(store().endTask(this.task, TaskEnd.completed(bytes("last"))));

		assertThat(find(secondNode()).rounds().get(1)).isEqualTo(bytes("first"));
		assertThat(find(secondNode()).outcome()).isEqualTo(bytes("last"));
	}

	@Test
	void keepsNoMoreBytesOfRoundsThanCanBeNeeded() {
		byte[] large = randomBytes(TaskStore.KEPT_ROUND_BYTES * 3 / 4);
		create(store(), working());
		block(store().updateTask(this.task, TaskChange.none().withRound(1, large)));
		block(store().updateTask(this.task, TaskChange.none().withRound(2, bytes("second"))));
		assertThat(find(secondNode()).rounds()).containsOnlyKeys(1, 2);

		block(store().updateTask(this.task, TaskChange.none().withRound(3, large)));
		assertThat(find(secondNode()).rounds()).containsOnlyKeys(2, 3);

		block(store().updateTask(this.task,
				TaskChange.none().withRound(4, randomBytes(2 * TaskStore.KEPT_ROUND_BYTES))));
		assertThat(find(secondNode()).rounds()).containsOnlyKeys(4);

		block(store().endTask(this.task, TaskEnd.completed(bytes("last"))));
		assertThat(find(secondNode()).rounds()).isEmpty();
	}

	// What it asks, without what has come of it

	@Test
	void findsWhatATaskAsksWithoutWhatHasComeOfIt() {
		create(store(), asking("one", "two"));
		block(secondNode().answerInput(this.task, Map.of("one", bytes("1"))));
		block(store().updateTask(this.task,
				TaskChange.none().withRound(1, bytes("first")).withStatusMessage("half of it")));
		TaskRecord whole = find(store());

		TaskRecord asking = block(secondNode().findRequests(this.task));
		assertThat(asking).isEqualTo(new TaskRecord(this.task, nodeId(), null, TaskStatus.INPUT_REQUIRED, "half of it",
				whole.createdAt(), whole.lastUpdatedAt(), whole.timeToLive(), whole.inputRequests(), Map.of(), Map.of(),
				null, whole.revision()));

		block(store().endTask(this.task, TaskEnd.completed(bytes("result"))));
		TaskRecord ended = block(secondNode().findRequests(this.task));
		assertThat(ended.status()).isEqualTo(TaskStatus.COMPLETED);
		assertThat(ended.outcome()).isNull();
		assertThat(ended.rounds()).isEmpty();
		assertThat(blockOrNull(store().findRequests(TaskNames.of(TaskNames.randomTaskId(), null, "")))).isNull();
	}

	// The end

	@Test
	void endsATaskInEachWay() {
		for (TaskEnd end : List.of(TaskEnd.completed(bytes(ODD_TEXT)), TaskEnd.failed(ODD_TEXT, bytes("{}")),
				TaskEnd.failed("", bytes("{}")), TaskEnd.cancelled("by its client"), TaskEnd.cancelled(null))) {
			NewTask created = new NewTask(TaskNames.of(TaskNames.randomTaskId(), null, ""), nodeId(), null, null,
					units(10), "half of it", Map.of("one", bytes("{}")));
			create(store(), created);

			assertThat(block(secondNode().endTask(created.taskId(), end))).isTrue();

			TaskRecord found = Objects.requireNonNull(blockOrNull(store().findTask(created.taskId())));
			assertThat(new TaskEnd(found.status(), found.statusMessage(), found.outcome())).isEqualTo(end);
			assertThat(found.revision()).isEqualTo(new Revision(2));
			assertThat(found.inputRequests()).isEmpty();
		}
	}

	@Test
	void dropsWhatWasAskedAndAnsweredWhenATaskEnds() {
		create(store(), asking("one", "two"));
		block(store().answerInput(this.task, Map.of("one", bytes("1"))));

		block(store().endTask(this.task, TaskEnd.cancelled(null)));

		assertThat(find(secondNode()).inputRequests()).isEmpty();
		assertThat(find(secondNode()).answers()).isEmpty();
	}

	@Test
	void neverChangesATaskThatHasEnded() {
		create(store(), asking("one"));
		block(secondNode().endTask(this.task, TaskEnd.failed("its node has gone", bytes("{\"code\":-32603}"))));
		TaskRecord ended = find(store());

		assertThat(block(store().endTask(this.task, TaskEnd.completed(bytes("late"))))).isFalse();
		assertThat(block(store().endTask(this.task, TaskEnd.cancelled(null)))).isFalse();
		assertThatExceptionOfType(TaskEndedException.class)
			.isThrownBy(() -> block(store().updateTask(this.task, ask("two"))))
			.satisfies((ex) -> assertThat(ex.status()).isEqualTo(TaskStatus.FAILED));
		assertThat(block(secondNode().answerInput(this.task, Map.of("one", bytes("1")))))
			.isEqualTo(new TaskState(nodeId(), TaskStatus.FAILED, ended.revision()));
		blockOrNull(store().renewTasks(List.of(this.task)));

		assertThat(find(secondNode())).isEqualTo(ended);
	}

	@Test
	void saysToTheOneWhoEndedATaskThatItDid() {
		for (int i = 0; i < 20; i++) {
			String id = TaskNames.of(TaskNames.randomTaskId(), "alice", "server");
			create(store(), NewTask.working(id, nodeId(), null, units(10)));
			List<Mono<Boolean>> calls = new ArrayList<>();
			for (int j = 0; j < 4; j++) {
				calls.add(store().endTask(id, TaskEnd.completed(bytes("result " + j))));
				calls.add(secondNode().endTask(id, TaskEnd.cancelled("cancelled " + j)));
				calls.add(secondNode().endTask(id, TaskEnd.failed("failed " + j, bytes("{}"))));
			}

			List<Object> outcomes = race(calls);

			assertThat(outcomes).filteredOn(Boolean.TRUE::equals).hasSize(1);
			assertThat(outcomes).filteredOn(Boolean.FALSE::equals).hasSize(11);
			TaskStatus status = List.of(TaskStatus.COMPLETED, TaskStatus.CANCELLED, TaskStatus.FAILED)
				.get(outcomes.indexOf(true) % 3);
			assertThat(Objects.requireNonNull(blockOrNull(store().findTask(id))).status()).isEqualTo(status);
		}
	}

	@Test
	void saysSoAgainWhenTheCallIsRepeated() {
		create(store(), working());
		Mono<Boolean> ending = store().endTask(this.task, TaskEnd.completed(bytes("result")));
		Mono<Boolean> late = secondNode().endTask(this.task, TaskEnd.completed(bytes("result")));

		assertThat(block(ending)).isTrue();

		assertThat(block(late)).isFalse();
		assertThat(block(ending)).isTrue();
		assertThat(find(store()).revision()).isEqualTo(new Revision(2));
	}

	@Test
	void keepsALargeOutcome() {
		byte[] large = randomBytes(20 * 1024 * 1024);
		create(store(), working());

		assertThat(block(store().endTask(this.task, TaskEnd.completed(large)))).isTrue();

		assertThat(Arrays.equals(find(secondNode()).outcome(), large)).isTrue();
	}

	@Test
	void losesNothingHoweverItRaces() {
		for (int i = 0; i < 20; i++) {
			String id = TaskNames.of(TaskNames.randomTaskId(), "alice", "server");
			create(store(), new NewTask(id, nodeId(), null, null, units(10), null, Map.of("one", bytes("{}"))));
			List<Mono<?>> calls = new ArrayList<>();
			for (TaskStore node : List.of(store(), secondNode())) {
				calls.add(node.answerInput(id, Map.of("one", bytes("1"), "two", bytes("2"))));
				calls.add(node.updateTask(id, ask("two").withRound(1, bytes("round"))));
				calls.add(node.updateTask(id, TaskChange.none().withStatusMessage("message")));
				calls.add(node.endTask(id, TaskEnd.completed(bytes("result"))));
				calls.add(node.renewTasks(List.of(id)));
				calls.add(node.findTask(id));
			}

			List<Object> outcomes = race(calls);

			assertThat(outcomes).filteredOn((outcome) -> outcome instanceof Exception)
				.hasOnlyElementsOfType(TaskEndedException.class);
			assertThat(outcomes).filteredOn(Boolean.TRUE::equals).hasSize(1);
			TaskRecord found = Objects.requireNonNull(blockOrNull(secondNode().findTask(id)));
			assertThat(found.status()).isEqualTo(TaskStatus.COMPLETED);
			assertThat(found.inputRequests()).isEmpty();
			assertThat(found.answers()).isEmpty();
			assertThat(found.outcome()).isEqualTo(bytes("result"));
		}
	}

	// How long a task is kept

	@Test
	void keepsATaskForItsTimeToLiveWhetherItHasEndedOrNot() {
		String ended = TaskNames.of(TaskNames.randomTaskId(), null, "");
		create(store(), working());
		create(store(), NewTask.working(ended, nodeId(), null, units(10)));
		block(store().endTask(ended, TaskEnd.completed(bytes("result"))));

		elapse(units(9.5));
		assertThat(blockOrNull(store().findTask(this.task))).isNotNull();
		assertThat(blockOrNull(secondNode().findTask(ended))).isNotNull();

		elapse(units(1));
		awaitGone(this.task);
		awaitGone(ended);
		assertNotFound(secondNode().answerInput(this.task, Map.of()));
		assertNotFound(store().endTask(this.task, TaskEnd.cancelled(null)));
	}

	@Test
	void keepsNoTaskForLessThanItsLeast() {
		TaskRecord created = create(store(), NewTask.working(this.task, nodeId(), null, units(0.1)));

		assertThat(created.timeToLive()).isEqualTo(units(2));
		elapse(units(1.5));
		assertThat(blockOrNull(secondNode().findTask(this.task))).isNotNull();
		elapse(units(1));
		awaitGone(this.task);
	}

	@Test
	void keepsATaskThatIsRenewedForAsLongAsThat() {
		create(store(), NewTask.working(this.task, nodeId(), null, units(3)));

		for (int i = 0; i < 5; i++) {
			elapse(units(1.5));
			blockOrNull(store().renewTasks(List.of(this.task)));
		}

		TaskRecord found = find(secondNode());
		assertThat(found.revision()).isEqualTo(Revision.FIRST);
		elapse(units(2.5));
		assertThat(blockOrNull(secondNode().findTask(this.task))).isNotNull();
		elapse(units(1));
		awaitGone(this.task);
	}

	@Test
	void tellsATimeToLiveThatIsKeptWhenATaskIsRenewed() {
		create(store(), NewTask.working(this.task, nodeId(), null, units(3)));
		TaskRecord before = find(store());
		elapse(units(2));

		blockOrNull(store().renewTasks(List.of(this.task)));

		TaskRecord renewed = find(secondNode());
		assertThat(renewed.timeToLive()).isGreaterThanOrEqualTo(units(3)).isLessThanOrEqualTo(units(5));
		assertThat(renewed.createdAt()).isEqualTo(before.createdAt());
		elapse(units(2.5));
		assertThat(blockOrNull(secondNode().findTask(this.task))).isNotNull();
	}

	@Test
	void doesNotShortenALongTimeToLiveByRenewingOrEnding() {
		create(store(), working());

		blockOrNull(store().renewTasks(List.of(this.task)));
		block(store().endTask(this.task, TaskEnd.completed(bytes("result"))));

		assertThat(find(secondNode()).timeToLive()).isEqualTo(units(10));
		elapse(units(9.5));
		assertThat(blockOrNull(secondNode().findTask(this.task))).isNotNull();
	}

	@Test
	void keepsWhatHasComeOfATaskThatRanForLongerThanItsTimeToLive() {
		create(store(), NewTask.working(this.task, nodeId(), null, units(2)));
		for (int i = 0; i < 3; i++) {
			elapse(units(1.5));
			blockOrNull(store().renewTasks(List.of(this.task)));
		}
		elapse(units(2.5));

		block(store().endTask(this.task, TaskEnd.completed(bytes("result"))));

		elapse(units(1.5));
		assertThat(find(secondNode()).outcome()).isEqualTo(bytes("result"));
		elapse(units(1));
		awaitGone(this.task);
	}

	@Test
	void renewsNoTaskThatHasEnded() {
		create(store(), NewTask.working(this.task, nodeId(), null, units(2)));
		block(store().endTask(this.task, TaskEnd.completed(bytes("result"))));

		elapse(units(1.5));
		blockOrNull(store().renewTasks(List.of(this.task)));
		elapse(units(1));

		awaitGone(this.task);
	}

	@Test
	void keepsATaskForLongerIfItsOwnerWantsThat() {
		create(store(), working());

		block(store().updateTask(this.task, TaskChange.none().withTimeToLive(units(20))));
		assertThat(find(secondNode()).timeToLive()).isBetween(units(20), units(20).plusSeconds(5));
		TaskState shorter = block(store().updateTask(this.task, TaskChange.none().withTimeToLive(units(5))));

		assertThat(shorter.revision()).isEqualTo(new Revision(2));
		elapse(units(19.5));
		assertThat(blockOrNull(secondNode().findTask(this.task))).isNotNull();
		elapse(units(1));
		awaitGone(this.task);
	}

	// Watching

	@Test
	void tellsTheOwnerOfAnswersAndOfTheEnd() {
		create(store(), asking("one"));
		Queue<Revision> owner = watch(store());
		awaiting().until(() -> !owner.isEmpty());

		block(secondNode().answerInput(this.task, Map.of("one", bytes("1"))));
		awaiting().until(() -> owner.contains(new Revision(2)));
		assertAnswers(find(store()), Map.of("one", "1"));

		block(secondNode().endTask(this.task, TaskEnd.cancelled(null)));
		awaiting().until(() -> owner.contains(new Revision(3)));
		assertThat(find(store()).status()).isEqualTo(TaskStatus.CANCELLED);
	}

	@Test
	void tellsWhoeverWatchesOfEachChange() {
		create(store(), working());
		Queue<Revision> first = watch(secondNode());
		Queue<Revision> second = watch(secondNode());
		Queue<Revision> own = watch(store());
		for (Queue<Revision> revisions : List.of(first, second, own)) {
			awaiting().until(() -> revisions.contains(Revision.FIRST));
		}

		List<Mono<?>> changes = List.of(store().updateTask(this.task, ask("one")),
				secondNode().answerInput(this.task, Map.of("one", bytes("1"))),
				store().updateTask(this.task, TaskChange.none().withStatusMessage("a")),
				store().updateTask(this.task, TaskChange.none().withRound(1, bytes("round"))),
				store().endTask(this.task, TaskEnd.completed(bytes("result"))));
		for (int i = 0; i < changes.size(); i++) {
			block(changes.get(i));
			Revision revision = new Revision(i + 2);
			for (Queue<Revision> revisions : List.of(first, second, own)) {
				awaiting().until(() -> revisions.contains(revision));
			}
		}
	}

	@Test
	void beginsWithTheRevisionThatATaskHasReached() {
		create(store(), working());
		block(store().updateTask(this.task, TaskChange.none().withStatusMessage("a")));
		block(store().updateTask(this.task, TaskChange.none().withStatusMessage("b")));

		Queue<Revision> revisions = watch(secondNode());

		awaiting().until(() -> revisions.contains(new Revision(3)));
	}

	@Test
	void tellsTheLastRevisionToASlowWatcher() {
		create(store(), working());
		Queue<Revision> revisions = new ConcurrentLinkedQueue<>();
		AtomicBoolean began = new AtomicBoolean();
		// Takes one, and then the rest at once
		secondNode().watch(this.task).subscribe(new BaseSubscriber<>() {

			@Override
			protected void hookOnSubscribe(Subscription subscription) {
				TaskStoreContractTests.this.watches.add(this);
				subscription.request(1);
			}

			@Override
			protected void hookOnNext(Revision revision) {
				revisions.add(revision);
				began.set(true);
			}

		});
		awaiting().untilTrue(began);
		for (int i = 0; i < 50; i++) {
			block(store().updateTask(this.task, TaskChange.none().withStatusMessage("message " + i)));
		}
		Queue<Revision> quick = watch(secondNode());
		awaiting().until(() -> quick.contains(new Revision(51)));

		((BaseSubscriber<?>) this.watches.get(0)).request(1);

		awaiting().until(() -> revisions.size() == 2);
		assertThat(revisions).contains(new Revision(51));
	}

	@Test
	void tellsNobodyWhoHasStoppedWatching() {
		create(store(), working());
		Queue<Revision> stopped = watch(secondNode());
		Queue<Revision> goesOn = watch(secondNode());
		awaiting().until(() -> stopped.contains(Revision.FIRST) && goesOn.contains(Revision.FIRST));

		this.watches.get(0).dispose();
		block(store().updateTask(this.task, TaskChange.none().withStatusMessage("a")));

		awaiting().until(() -> goesOn.contains(new Revision(2)));
		assertThat(stopped).doesNotContain(new Revision(2));
	}

	// What the tests are written with

	private NewTask working() {
		return NewTask.working(this.task, nodeId(), TaskNames.ofPrincipal("alice"), units(10));
	}

	private NewTask asking(String... keys) {
		return new NewTask(this.task, nodeId(), null, null, units(10), null, ask(keys).inputRequests());
	}

	private static TaskChange ask(String... keys) {
		Map<String, byte[]> requests = new HashMap<>();
		for (String key : keys) {
			requests.put(key, bytes("{\"method\":\"elicitation/create\"}"));
		}
		return TaskChange.none().withInputRequests(requests);
	}

	private static TaskChange settle(String... keys) {
		return TaskChange.none().withSettled(Set.of(keys));
	}

	private Queue<Revision> watch(TaskStore store) {
		Queue<Revision> revisions = new ConcurrentLinkedQueue<>();
		this.watches.add(store.watch(this.task).subscribe(revisions::add));
		return revisions;
	}

	private TaskRecord find(TaskStore store) {
		return Objects.requireNonNull(store.findTask(this.task).block(TIMEOUT), "no task");
	}

	private static TaskRecord create(TaskStore store, NewTask task) {
		return block(store.createTask(task));
	}

	private void awaitGone(String taskId) {
		awaiting().untilAsserted(() -> assertThat(secondNode().findTask(taskId).block(TIMEOUT)).isNull());
	}

	private static void assertAnswers(TaskRecord task, Map<String, String> expected) {
		Map<String, String> answers = new HashMap<>();
		task.answers().forEach((key, answer) -> answers.put(key, new String(answer, StandardCharsets.UTF_8)));
		assertThat(answers).isEqualTo(expected);
	}

	private static void assertNotFound(Mono<?> call) {
		assertThatExceptionOfType(TaskNotFoundException.class).isThrownBy(() -> call.block(TIMEOUT));
	}

	// A mistake may be reported by the call or by what it returns
	private static void assertIllegal(Supplier<Mono<?>> call) {
		assertThatIllegalArgumentException().isThrownBy(() -> call.get().block(TIMEOUT));
	}

	protected static <T> @Nullable T blockOrNull(Mono<T> mono) {
		return mono.block(TIMEOUT);
	}

	protected static <T> T block(Mono<T> mono) {
		return Objects.requireNonNull(blockOrNull(mono), "no answer");
	}

	protected static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	// A codec may make less of others
	private static byte[] randomBytes(int size) {
		byte[] bytes = new byte[size];
		new Random(42).nextBytes(bytes);
		return bytes;
	}

	protected static ConditionFactory awaiting() {
		return Awaitility.await().atMost(TIMEOUT).pollInterval(Duration.ofMillis(20));
	}

	private static List<Object> race(List<? extends Mono<?>> calls) {
		List<Object> outcomes = Flux.fromIterable(calls)
			.flatMapSequential((call) -> call.cast(Object.class)
				.defaultIfEmpty("done")
				.onErrorResume(TaskStoreException.class, Mono::just)
				.subscribeOn(Schedulers.boundedElastic()))
			.collectList()
			.block(TIMEOUT);
		assertThat(outcomes).hasSameSizeAs(calls);
		return Objects.requireNonNull(outcomes, "there are calls");
	}

}
