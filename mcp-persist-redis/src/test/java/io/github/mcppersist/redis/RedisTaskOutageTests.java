package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What becomes of tasks when Redis fails.
 */
@Timeout(300)
@NeedsRedis
class RedisTaskOutageTests {

	private static final byte[] TEXT = "{}".getBytes(StandardCharsets.UTF_8);

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start();

	private final RedisProxy network = RedisProxy.to(this.redis.port());

	private RedisEventStore node;

	private RedisTaskStore store;

	private RedisTaskStore other;

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.network.close();
		this.redis.close();
	}

	/**
	 * The owner is behind the proxy, the other node isn't.
	 */
	private void open(Driver driver) {
		this.node = open(driver, this.network.port(), Duration.ofMillis(500));
		this.store = RedisTaskStore.of(this.node, Duration.ofMinutes(5));
		this.other = RedisTaskStore.of(open(driver, this.redis.port(), TestEvents.PATIENT), Duration.ofMinutes(5));
		eventually(this.store.createTask(task("task")));
		eventually(this.other.findTask("task"));
		for (LuaScript script : LuaScript.values()) {
			this.redis.cli("SCRIPT", "LOAD", new String(script.body(), StandardCharsets.UTF_8));
		}
	}

	private RedisEventStore open(Driver driver, int port, Duration timeout) {
		return this.stores.open(this.stores.builder(driver.open(new RedisStandaloneConfiguration("127.0.0.1", port)))
			.timeout(timeout)
			.echoInterval(Duration.ofMillis(200)));
	}

	private NewTask task(String id) {
		return new NewTask(id, this.node.nodeId(), null, null, Duration.ofHours(1), null, Map.of("asked", TEXT));
	}

	private List<Mono<?>> calls() {
		return List.of(this.store.createTask(task("another")), this.store.findTask("task"),
				this.store.findRequests("task"),
				this.store.updateTask("task", TaskChange.none().withStatusMessage("a")),
				this.store.answerInput("task", Map.of("asked", TEXT)),
				this.store.endTask("task", TaskEnd.completed(TEXT)), this.store.renewTasks(List.of("task")));
	}

	@ParameterizedTest
	@EnumSource
	void eachCallFailsAndCanBeRepeated(Driver driver) {
		open(driver);
		List<Mono<?>> calls = calls();
		this.redis.pause();

		for (Mono<?> call : calls) {
			assertThatExceptionOfType(TaskStoreUnavailableException.class)
				.isThrownBy(() -> call.block(RedisStores.LIMIT));
		}

		this.redis.resume();
		eventually(this.store.findTask("task"));
		calls.forEach(RedisTaskOutageTests::eventually);
		assertThat(this.store.findTask("another").block(RedisStores.LIMIT)).isNotNull();
		TaskRecord found = this.store.findTask("task").block(RedisStores.LIMIT);
		assertThat(found.status()).isEqualTo(TaskStatus.COMPLETED);
	}

	@Test
	void doesOnceWhatWasDoneAlthoughItsAcknowledgementWasLost() {
		open(Driver.LETTUCE);
		Mono<TaskRecord> creating = this.store.createTask(task("another"));
		Mono<TaskState> updating = this.store.updateTask("task",
				TaskChange.none().withInputRequests(Map.of("more", TEXT)).withRound(1, TEXT).withStatusMessage("a"));
		Mono<TaskState> answering = this.store.answerInput("task", Map.of("asked", TEXT));
		Mono<TaskState> settling = this.store.updateTask("task", TaskChange.none().withSettled(List.of("more")));
		Mono<Boolean> ending = this.store.endTask("task", TaskEnd.completed(TEXT));

		assertThat(repeated(creating).revision()).isEqualTo(Revision.FIRST);
		assertThat(repeated(updating).revision()).isEqualTo(new Revision(2));
		assertThat(repeated(answering).revision()).isEqualTo(new Revision(3));
		assertThat(repeated(settling).revision()).isEqualTo(new Revision(4));
		assertThat(repeated(ending)).isTrue();

		TaskRecord ended = this.other.findTask("task").block(RedisStores.LIMIT);
		assertThat(ended.revision()).isEqualTo(new Revision(5));
		assertThat(ended.status()).isEqualTo(TaskStatus.COMPLETED);
	}

	/**
	 * Make a call whose answer is lost, and make it again.
	 */
	private <T> T repeated(Mono<T> call) {
		this.network.loseReplies();
		assertThatExceptionOfType(TaskStoreUnavailableException.class).isThrownBy(() -> call.block(RedisStores.LIMIT));
		this.network.pass();
		return eventually(call);
	}

	@ParameterizedTest
	@EnumSource
	void theOwnerLearnsWhatHappenedWhileItWasAway(Driver driver) {
		open(driver);
		Queue<Revision> seen = new ConcurrentLinkedQueue<>();
		this.store.watch("task").subscribe(seen::add);
		this.network.refuse();
		eventually(this.other.answerInput("task", Map.of("asked", TEXT)));
		assertThat(this.other.endTask("task", TaskEnd.cancelled(null)).block(RedisStores.LIMIT)).isTrue();
		assertThat(seen).doesNotContain(new Revision(3));

		this.network.pass();

		awaiting().until(() -> seen.contains(new Revision(3)));
	}

	@ParameterizedTest
	@EnumSource
	void theOwnerLearnsWhatItHasDoneItselfWithoutBeingToldSo(Driver driver) {
		open(driver);
		Queue<Revision> seen = new ConcurrentLinkedQueue<>();
		this.store.watch("task").subscribe(seen::add);
		this.network.holdReplies();
		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> this.store.answerInput("task", Map.of("asked", TEXT)).block(RedisStores.LIMIT));
		assertThat(eventually(this.other.findTask("task")).revision()).isEqualTo(new Revision(2));
		assertThat(seen).doesNotContain(new Revision(2));

		this.network.pass();

		awaiting().until(() -> seen.contains(new Revision(2)));
	}

	@ParameterizedTest
	@EnumSource
	void watchesAsSoonAsItCan(Driver driver) {
		open(driver);
		eventually(this.other.createTask(new NewTask("others", this.node.nodeId(), null, null, Duration.ofHours(1),
				null, Map.of("asked", TEXT))));
		this.network.refuse();
		Queue<Revision> seen = new ConcurrentLinkedQueue<>();
		this.store.watch("others").subscribe(seen::add);
		eventually(this.other.answerInput("others", Map.of("asked", TEXT)));

		this.network.pass();

		awaiting().until(() -> seen.contains(new Revision(2)));
		eventually(this.other.endTask("others", TaskEnd.cancelled(null)));
		awaiting().until(() -> seen.contains(new Revision(3)));
	}

	@ParameterizedTest
	@EnumSource
	void tellsRevisionsAsTheyAreBehindAFailoverThatHasLostSome(Driver driver) {
		open(driver);
		Deque<Revision> seen = new ConcurrentLinkedDeque<>();
		this.store.watch("task").subscribe(seen::add);
		for (String message : List.of("one", "two", "three")) {
			eventually(this.other.updateTask("task", TaskChange.none().withStatusMessage(message)));
		}
		awaiting().until(() -> seen.peekLast().equals(new Revision(4)));

		this.network.refuse();
		this.redis.cli("HSET", this.node.node().keys().task("task"), "r", "2");
		this.network.pass();

		awaiting().until(() -> seen.peekLast().equals(new Revision(2)));
		eventually(this.other.updateTask("task", TaskChange.none().withStatusMessage("four")));
		awaiting().until(() -> seen.peekLast().equals(new Revision(3)));
	}

	@Test
	void looksAtAFewTasksAtATimeHoweverManyItWatchesWhenItSubscribesAnew() {
		open(Driver.LETTUCE);
		RedisEventStore patient = open(Driver.LETTUCE, this.network.port(), TestEvents.PATIENT);
		RedisTaskStore many = RedisTaskStore.of(patient, Duration.ofMinutes(5));
		for (int i = 0; i < 5 * TaskWatches.MARKS_UNDER_WAY; i++) {
			eventually(many.createTask(NewTask.working("task" + i, patient.nodeId(), null, Duration.ofHours(1))));
			many.watch("task" + i).subscribe();
		}
		long before = deletions();
		this.network.holdReplies();

		patient.taskWatches().subscribed();

		// On its way behind them, with a deletion of its own
		many.answerInput("task", Map.of("asked", TEXT)).subscribe();
		awaiting().until(() -> eventually(this.other.findTask("task")).revision().equals(new Revision(2)));
		assertThat(deletions() - before).isBetween(TaskWatches.MARKS_UNDER_WAY + 1L, 2L * TaskWatches.MARKS_UNDER_WAY);
		this.network.pass();
		awaiting().until(() -> deletions() - before > 5 * TaskWatches.MARKS_UNDER_WAY);
	}

	/**
	 * Return how often something was deleted from a task, as is when it is noted that its
	 * owner watches it. Nodes do so now and then as well, to see whether they may.
	 */
	private long deletions() {
		String statistics = (String) this.redis.cli("INFO", "commandstats");
		Matcher deletions = Pattern.compile("cmdstat_hdel:calls=(\\d+)").matcher(statistics);
		return deletions.find() ? Long.parseLong(deletions.group(1)) : 0;
	}

	@Test
	void saysThatATaskIsLostWithTheDataOfRedis() {
		open(Driver.LETTUCE);
		Queue<String> ended = new ConcurrentLinkedQueue<>();
		this.store.watch("task").doOnComplete(() -> ended.add("owner")).subscribe();
		this.other.watch("task").doOnComplete(() -> ended.add("other")).subscribe();
		this.redis.kill();
		this.redis.startAgain();

		awaiting().ignoreExceptionsInstanceOf(TaskStoreUnavailableException.class)
			.until(() -> this.store.findTask("task").blockOptional(RedisStores.LIMIT).isEmpty());
		awaiting().ignoreExceptionsInstanceOf(TaskStoreUnavailableException.class)
			.untilAsserted(() -> assertThatExceptionOfType(TaskNotFoundException.class)
				.isThrownBy(() -> this.store.endTask("task", TaskEnd.completed(TEXT)).block(RedisStores.LIMIT)));
		awaiting().until(() -> ended.contains("owner") && ended.contains("other"));
	}

	@Test
	void keepsNothingOfATaskThatRedisHasLost() {
		open(Driver.LETTUCE);
		this.redis.cli("DEL", this.node.node().keys().task("task"));

		assertThat(this.store.findTask("task").blockOptional(RedisStores.LIMIT)).isEmpty();

		assertThat(this.store.watch("task").collectList().block(RedisStores.LIMIT)).isEmpty();
	}

	@Test
	void keepsNothingOfATaskOfWhichItLearnsWhileItWatchesThatRedisHasLostIt() {
		open(Driver.LETTUCE);
		Queue<String> ended = new ConcurrentLinkedQueue<>();
		this.store.watch("task").doOnComplete(() -> ended.add("watch")).subscribe();
		this.redis.cli("DEL", this.node.node().keys().task("task"));

		this.network.cut();

		awaiting().until(() -> ended.contains("watch"));
		assertThat(this.store.watch("task").collectList().block(RedisStores.LIMIT)).isEmpty();
	}

	@Test
	void endsWatchesWhenItIsClosed() {
		open(Driver.LETTUCE);
		Queue<String> ended = new ConcurrentLinkedQueue<>();
		this.store.watch("task").doOnComplete(() -> ended.add("watch")).subscribe();

		this.node.close();

		assertThat(ended).containsExactly("watch");
		assertThat(this.store.watch("task").collectList().block(RedisStores.LIMIT)).isEmpty();
		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> this.store.findTask("task").block(RedisStores.LIMIT));
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().atMost(RedisStores.LIMIT);
	}

	private static <T> T eventually(Mono<T> call) {
		return awaiting().ignoreExceptionsInstanceOf(TaskStoreUnavailableException.class)
			.until(() -> call.blockOptional(RedisStores.LIMIT), (answer) -> true)
			.orElse(null);
	}

}
