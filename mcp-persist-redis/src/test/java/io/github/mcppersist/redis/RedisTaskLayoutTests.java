package io.github.mcppersist.redis;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What is in Redis of a task, for how long, and what a task costs.
 */
@NeedsRedis
class RedisTaskLayoutTests {

	private static final String KEY = "mcp:1:{9aT-}:t";

	private static final String LIST = "mcp:1:t:{t}";

	private static final byte[] RESULT = "{\"content\":[]}".getBytes(StandardCharsets.UTF_8);

	private static RedisServer redis;

	private static LettuceConnectionFactory factory;

	private final List<AutoCloseable> opened = new ArrayList<>();

	private RedisEventStore node;

	private RedisTaskStore store;

	@BeforeAll
	static void startRedis() {
		redis = RedisServer.start();
		factory = new LettuceConnectionFactory("127.0.0.1", redis.port());
		factory.afterPropertiesSet();
		factory.start();
	}

	@AfterAll
	static void stopRedis() {
		factory.destroy();
		redis.close();
	}

	@BeforeEach
	void openStore() {
		redis.cli("CONFIG", "SET", "maxmemory", "0");
		redis.cli("FLUSHALL");
		this.node = open();
		this.store = RedisTaskStore.of(this.node, Duration.ofMinutes(5));
	}

	// Commands are counted, so there are no echoes among them.
	private RedisEventStore open() {
		RedisEventStore opened = RedisEventStore.builder(factory)
			.timeout(TestEvents.PATIENT)
			.echoInterval(Duration.ofHours(1))
			.build();
		this.opened.add(opened);
		String channel = new String(opened.node().channel(), StandardCharsets.UTF_8);
		Awaitility.await().until(() -> redis.cli("PUBSUB", "CHANNELS", channel).equals(List.of(channel)));
		return opened;
	}

	@AfterEach
	void closeStores() throws Exception {
		for (AutoCloseable each : this.opened) {
			each.close();
		}
	}

	private NewTask task(String... keys) {
		Map<String, byte[]> requests = new TreeMap<>();
		List.of(keys).forEach((key) -> requests.put(key, RESULT));
		return new NewTask("9aT-", this.node.nodeId(), "whose", null, Duration.ofHours(1), null, requests);
	}

	private static Map<String, String> fields(String key) {
		List<?> reply = (List<?>) redis.cli("HGETALL", key);
		Map<String, String> fields = new TreeMap<>();
		for (int i = 0; i + 1 < reply.size(); i += 2) {
			fields.put((String) reply.get(i), (String) reply.get(i + 1));
		}
		return fields;
	}

	private static long ttl(String key) {
		return (Long) redis.cli("PTTL", key);
	}

	private static <T> T block(Mono<T> mono) {
		return TestEvents.block(mono);
	}

	@Test
	void storesATaskAsOneHash() {
		TaskRecord created = block(this.store.createTask(task()));

		assertThat(redis.cli("KEYS", "*")).isEqualTo(List.of(KEY));
		Map<String, String> fields = fields(KEY);
		String time = fields.get("t");
		long now = Long.parseLong((String) ((List<?>) redis.cli("TIME")).get(0)) * 1000;
		assertThat(Long.parseLong(time)).isBetween(now - 60_000, now + 1000)
			.isEqualTo(created.createdAt().toEpochMilli());
		assertThat(fields.remove("e")).matches("[0-9a-z]{1,13}");
		assertThat(fields).isEqualTo(new TreeMap<>(Map.of("o", this.node.nodeId(), "p", "whose", "s", "working", "t",
				time, "u", time, "l", "3600000", "r", "1")));
		assertThat(ttl(KEY)).isBetween(3_540_000L, 3_601_000L);
	}

	@Test
	void listsATaskOfATool() {
		block(this.store.createTask(task().withTool("report")));

		awaitListed("9aT-");
		assertThat(redis.cli("HGET", KEY, "c")).isEqualTo("report");
		// Longer by a third of five minutes, since a task that ends isn't listed again
		assertThat(ttl(LIST)).isBetween(3_640_000L, 3_701_000L);
		assertThat(listedFor("9aT-")).isBetween(3_640_000L, 3_701_000L);
		assertThat(redis.cli("KEYS", "*")).asInstanceOf(InstanceOfAssertFactories.LIST)
			.containsExactlyInAnyOrder(KEY, LIST);
	}

	@Test
	void listsACallThatBecomesATaskForAsLongAsThatIsKept() {
		block(this.store.createTask(task()));
		block(this.store.updateTask("9aT-", TaskChange.none().withTimeToLive(Duration.ofHours(2))));
		assertThat(redis.cli("EXISTS", LIST)).isEqualTo(0L);

		block(this.store.updateTask("9aT-", TaskChange.none().withTool("report")));
		awaitListed("9aT-");
		assertThat(listedFor("9aT-")).isBetween(7_240_000L, 7_301_000L);

		block(this.store.updateTask("9aT-", TaskChange.none().withTimeToLive(Duration.ofHours(3))));
		Awaitility.await().untilAsserted(() -> assertThat(listedFor("9aT-")).isBetween(10_840_000L, 10_901_000L));
		assertThat(ttl(LIST)).isBetween(10_840_000L, 10_901_000L);
		// One that is kept for less takes nothing away
		block(this.store
			.createTask(NewTask.working("other", this.node.nodeId(), null, Duration.ofMinutes(10)).withTool("report")));
		awaitListed("other", "9aT-");
		assertThat(ttl(LIST)).isBetween(10_800_000L, 10_901_000L);
	}

	@Test
	void tellsHowOldATaskIsAndWhenItChangedLast() {
		block(this.store.createTask(task().withTool("report")));
		long now = System.currentTimeMillis();
		redis.cli("HSET", KEY, "t", Long.toString(now - 7_200_000), "u", Long.toString(now - 3_600_000));

		StoredTask described = block(this.store.describeTask("9aT-"));

		assertThat(described.age()).isBetween(Duration.ofMinutes(119), Duration.ofMinutes(150));
		assertThat(described.idle()).isBetween(Duration.ofMinutes(59), Duration.ofMinutes(90));
	}

	@Test
	void listsATaskAgainThatTheListHasLost() {
		block(this.store.createTask(task()));
		block(this.store
			.createTask(NewTask.working("other", this.node.nodeId(), null, Duration.ofMinutes(10)).withTool("report")));
		awaitListed("other");
		redis.cli("DEL", LIST);

		this.store.renewTasks(List.of("9aT-", "other", "unknown")).block();

		awaitListed("other");
		assertThat(listedFor("other")).isBetween(3_640_000L, 3_701_000L);
	}

	@Test
	void listsATaskAgainThoughAnotherCanNotBeRenewed() {
		block(this.store
			.createTask(NewTask.working("other", this.node.nodeId(), null, Duration.ofMinutes(10)).withTool("report")));
		awaitListed("other");
		redis.cli("DEL", LIST);
		redis.cli("SET", KEY, "somebody else's");

		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> this.store.renewTasks(List.of("9aT-", "other")).block());

		awaitListed("other");
	}

	@Test
	void goesOnWithATaskThatCanNotBeListed() {
		redis.cli("SET", LIST, "somebody else's");

		block(this.store.createTask(task("one").withTool("report")));
		block(this.store.updateTask("9aT-", TaskChange.none().withTimeToLive(Duration.ofHours(2))));
		this.store.renewTasks(List.of("9aT-")).block();

		assertThat(block(this.store.describeTask("9aT-")).tool()).isEqualTo("report");
		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> block(this.store.findTasks(null, 10)))
			.withMessageContaining("WRONGTYPE");
	}

	@Test
	void dropsFromTheListWhatHasExpiredAndWhatIsTooMuch() {
		for (int first = 0; first < 100_000; first += 1000) {
			List<String> command = new ArrayList<>(List.of("ZADD", LIST));
			for (int i = first; i < first + 1000; i++) {
				// Two that have expired, and the others in a thousand years
				command.add((i < 2) ? "1" : "99999999999" + (100 + i % 3));
				command.add("t" + i);
			}
			redis.cli(command.toArray(String[]::new));
		}
		block(this.store.createTask(task().withTool("report")));
		Awaitility.await().untilAsserted(() -> assertThat(redis.cli("ZCARD", LIST)).isEqualTo(99_999L));
		assertThat(listedFor("9aT-")).isPositive();

		redis.cli("ZADD", LIST, "99999999999999", "one", "99999999999999", "two", "99999999999999", "three");
		block(this.store
			.createTask(NewTask.working("other", this.node.nodeId(), null, Duration.ofHours(2)).withTool("report")));

		// The ones that expire first have gone
		Awaitility.await().untilAsserted(() -> assertThat(redis.cli("ZCARD", LIST)).isEqualTo(100_000L));
		assertThat(redis.cli("ZSCORE", LIST, "9aT-")).isNull();
		assertThat(redis.cli("ZSCORE", LIST, "two")).isNotNull();
	}

	@Test
	void passesOverWhatIsListedAndNotThereOrCanNotBeRead() {
		block(this.store.createTask(task().withTool("report")));
		awaitListed("9aT-");
		redis.cli("ZADD", LIST, "99999999999999", "gone", "99999999999998", "broken");
		redis.cli("HSET", "mcp:1:{broken}:t", "c", "report");

		assertThat(block(this.store.findTasks(null, 2)).tasks()).isEmpty();
		assertThat(block(this.store.findTasks(null, 3)).tasks()).extracting(StoredTask::taskId).containsExactly("9aT-");
	}

	private static void awaitListed(String... tasks) {
		Awaitility.await()
			.untilAsserted(() -> assertThat(redis.cli("ZRANGE", LIST, "0", "-1")).isEqualTo(List.of(tasks)));
	}

	private static long listedFor(String task) {
		List<?> time = (List<?>) redis.cli("TIME");
		return (long) Double.parseDouble((String) redis.cli("ZSCORE", LIST, task))
				- Long.parseLong((String) time.get(0)) * 1000 - Long.parseLong((String) time.get(1)) / 1000;
	}

	@Test
	void movesARequestFromAskedToAnsweredToSettled() {
		block(this.store.createTask(task("one", "two")));
		assertThat(fields(KEY)).containsEntry("s", "input_required")
			.containsEntry("q:one", "{\"content\":[]}")
			.containsEntry("k", "2")
			.containsEntry("n", "2")
			.containsEntry("b", "28");

		block(this.store.answerInput("9aT-", Map.of("one", new byte[] { '1' }, "two", new byte[] { '2' })));
		assertThat(fields(KEY)).containsEntry("s", "working")
			.containsEntry("a:one", "1")
			.containsEntry("n", "0")
			.containsEntry("b", "2")
			.containsEntry("r", "2")
			.doesNotContainKey("q:one");

		block(this.store.updateTask("9aT-",
				TaskChange.none()
					.withSettled(Set.of("one"))
					.withInputRequests(Map.of("three", RESULT))
					.withStatusMessage("message")
					.withRound(1, RESULT)
					.withTimeToLive(Duration.ofHours(2))));
		assertThat(fields(KEY)).containsEntry("s", "input_required")
			.containsEntry("d:one", "1")
			.containsEntry("a:two", "2")
			.containsEntry("q:three", "{\"content\":[]}")
			.containsEntry("z:1", "{\"content\":[]}")
			.containsEntry("m", "message")
			.containsEntry("k", "3")
			.containsEntry("n", "1")
			.containsEntry("b", "15")
			.containsEntry("l", "7200000")
			.containsEntry("r", "3")
			.doesNotContainKey("a:one");
		assertThat(ttl(KEY)).isBetween(7_140_000L, 7_201_000L);
	}

	@Test
	void keepsOfATaskThatHasEndedWhatHasComeOfIt() {
		block(this.store.createTask(task("one", "two")));
		block(this.store.answerInput("9aT-", Map.of("one", RESULT)));
		block(this.store.updateTask("9aT-",
				TaskChange.none().withSettled(Set.of("one")).withRound(1, RESULT).withStatusMessage("half of it")));
		String creation = fields(KEY).get("e");

		block(this.store.endTask("9aT-", TaskEnd.completed(RESULT)));

		Map<String, String> fields = fields(KEY);
		assertThat(fields).containsOnlyKeys("o", "p", "s", "t", "u", "l", "r", "e", "x", "z:1")
			.containsEntry("s", "completed")
			.containsEntry("x", "{\"content\":[]}")
			.containsEntry("r", "4")
			.doesNotContainEntry("e", creation);
	}

	@Test
	void readsWhatLayoutVersion1Wrote() throws IOException {
		load("task-layout-1.txt");

		TaskRecord asking = block(this.store.findTask("asking"));
		assertThat(asking).isEqualTo(new TaskRecord("asking", "0rT5aB9xY2q", "2bd806c97f0e00af1a1fc3",
				TaskStatus.INPUT_REQUIRED, "half of it, \u20ac", Instant.ofEpochMilli(1764370000123L),
				Instant.ofEpochMilli(1764370005456L), Duration.ofHours(1),
				Map.of("name-\u00e9", bytes("{\"method\":\"a\"}")), Map.of("age", bytes("{\"n\":30}")),
				Map.of(1, bytes("{\"round\":1}"), 2, bytes("{\"round\":2}")), null, new Revision(7)));
		TaskRecord ended = block(this.store.findTask("ended"));
		assertThat(ended).isEqualTo(new TaskRecord("ended", "0rT5aB9xY2q", null, TaskStatus.FAILED, null,
				Instant.ofEpochMilli(1764370000123L), Instant.ofEpochMilli(1764370005456L), Duration.ofMinutes(1),
				Map.of(), Map.of(), Map.of(), bytes("{\"code\":-32603}"), new Revision(2)));
		assertThat(block(this.store.answerInput("asking", Map.of("name-\u00e9", RESULT))).status())
			.isEqualTo(TaskStatus.WORKING);
		assertThatIllegalArgumentException().isThrownBy(() -> block(
				this.store.updateTask("asking", TaskChange.none().withInputRequests(Map.of("town", RESULT)))));
		assertThat(block(this.store.endTask("ended", TaskEnd.cancelled(null)))).isFalse();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	@Test
	void saysThatATaskIsOfAnotherVersion() {
		redis.cli("HSET", KEY, "x", "y");

		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> block(this.store.findTask("9aT-")))
			.withMessageContaining("something else than a task");
	}

	@Test
	void saysThatTheKeyIsSomebodyElses() {
		redis.cli("SET", KEY, "somebody else's");

		assertThatExceptionOfType(TaskStoreException.class).isThrownBy(() -> block(this.store.createTask(task())))
			.withMessageContaining("WRONGTYPE");
	}

	// What it costs

	@Test
	void aTaskWithoutQuestionsCostsTwoRoundTrips() throws Exception {
		call("warm-up");
		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			for (int i = 0; i < 10; i++) {
				call("task" + i);

				assertThat(monitor.commands()).containsExactly("evalsha", "evalsha");
			}
		}
	}

	@Test
	void aTaskOfAToolCostsOneCallMoreForTheList() throws Exception {
		call("warm-up", "report");
		awaitListed("warm-up");
		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			call("task", "report");

			List<String> keys = new ArrayList<>();
			Awaitility.await().untilAsserted(() -> {
				monitor.lines()
					.stream()
					.filter((line) -> line.toLowerCase(Locale.ROOT).contains("\"evalsha\"")
							&& line.matches(".*(:t|\\{t})\".*"))
					.map((line) -> line.contains(LIST) ? "list" : "task")
					.forEach(keys::add);
				assertThat(keys).containsExactlyInAnyOrder("task", "list", "task");
			});
		}
	}

	@Test
	void tasksOfOneMomentAreListedTogether() throws Exception {
		call("warm-up", "report");
		awaitListed("warm-up");
		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			List<NewTask> tasks = IntStream.range(0, 100)
				.mapToObj((i) -> NewTask.working("task" + i, this.node.nodeId(), null, Duration.ofMinutes(10))
					.withTool("report"))
				.toList();
			Flux.fromIterable(tasks).flatMap(this.store::createTask).blockLast(TestEvents.PATIENT);

			Awaitility.await().untilAsserted(() -> assertThat(redis.cli("ZCARD", LIST)).isEqualTo(101L));
			assertThat(monitor.lines()
				.stream()
				.filter((line) -> line.toLowerCase(Locale.ROOT).contains("\"evalsha\"") && line.contains(LIST)))
				.hasSizeBetween(1, 50);
		}
	}

	@Test
	void nobodyWaitsUntilATaskIsListed() throws Exception {
		// Redis knows the script from then on
		block(this.store.createTask(task().withTool("report")));
		awaitListed("9aT-");
		CountDownLatch asked = new CountDownLatch(1);
		CountDownLatch held = new CountDownLatch(1);
		RedisConnectionFactory slow = ChangedReplies.of(factory, LuaScript.NOTE_TASKS, (reply) -> {
			asked.countDown();
			await(held);
			return reply;
		});
		try (RedisEventStore other = RedisEventStore.builder(slow).timeout(TestEvents.PATIENT).build()) {
			RedisTaskStore tasks = RedisTaskStore.of(other, Duration.ofMinutes(5));

			block(tasks
				.createTask(NewTask.working("slow", other.nodeId(), null, Duration.ofHours(1)).withTool("report")));

			await(asked);
			assertThat(block(tasks.endTask("slow", TaskEnd.completed(RESULT)))).isTrue();
			held.countDown();
		}
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void call(String id) {
		call(id, null);
	}

	private void call(String id, @Nullable String tool) {
		NewTask task = new NewTask(id, this.node.nodeId(), null, tool, Duration.ofHours(1), null, Map.of());
		block(this.store.createTask(task));
		Queue<Revision> seen = new ConcurrentLinkedQueue<>();
		Disposable watch = this.store.watch(id).subscribe(seen::add);
		assertThat(seen).as("the owner watches without a call").containsExactly(Revision.FIRST);
		assertThat(block(this.store.endTask(id, TaskEnd.completed(RESULT)))).isTrue();
		assertThat(seen).containsExactly(Revision.FIRST, new Revision(2));
		watch.dispose();
	}

	@Test
	void eachOtherCallCostsOneRoundTrip() throws Exception {
		block(this.store.createTask(task("one")));
		RedisTaskStore other = RedisTaskStore.of(open(), Duration.ofMinutes(5));
		List<Mono<?>> calls = List.of(other.findTask("9aT-"), this.store.renewTasks(List.of("9aT-")),
				this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("a")),
				other.answerInput("9aT-", Map.of("one", RESULT)), other.watch("9aT-").next());
		// The scripts get there with the first call
		calls.forEach(RedisTaskLayoutTests::block);

		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			for (Mono<?> call : calls) {
				block(call);
				assertThat(monitor.commands()).containsExactly("evalsha");
			}
		}
	}

	@Test
	void asksForTheSizeOfALargeTaskFirst() throws Exception {
		block(this.store.createTask(task()));
		byte[] large = "x".repeat(2 << 20).getBytes(StandardCharsets.UTF_8);
		block(this.store.endTask("9aT-", TaskEnd.completed(large)));
		block(this.store.findTask("9aT-"));

		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			assertThat(block(this.store.findTask("9aT-")).outcome()).isEqualTo(large);
			assertThat(monitor.commands()).containsExactly("evalsha", "evalsha");
		}
	}

	@Test
	void readsNothingOfALargeTaskThatIsNotWanted() throws Exception {
		block(this.store.createTask(task("one")));
		byte[] large = "x".repeat(2 << 20).getBytes(StandardCharsets.UTF_8);
		block(this.store.updateTask("9aT-", TaskChange.none().withRound(1, large)));
		block(this.store.findTask("9aT-"));
		block(this.store.findRequests("9aT-"));

		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			block(this.store.findTask("9aT-"));
			assertThat(monitor.counts()).containsEntry("evalsha", 2L).containsEntry("hgetall", 1L);

			assertThat(block(this.store.findRequests("9aT-")).inputRequests()).containsOnlyKeys("one");
			assertThat(monitor.counts()).containsEntry("evalsha", 1L).doesNotContainKey("hgetall");

			block(this.store.endTask("9aT-", TaskEnd.completed(large)));
			monitor.lines();
			assertThat(block(this.store.findRequests("9aT-")).status()).isEqualTo(TaskStatus.COMPLETED);
			assertThat(monitor.lines()).filteredOn((line) -> line.contains("\"x\"")).isEmpty();
		}
	}

	@Test
	void publishesOnlyToThoseWhoWatch() throws Exception {
		block(this.store.createTask(task("one")));
		RedisEventStore second = open();
		RedisTaskStore other = RedisTaskStore.of(second, Duration.ofMinutes(5));
		String owner = new String(this.node.node().channel(), StandardCharsets.UTF_8);
		String watcher = new String(second.node().channel(), StandardCharsets.UTF_8);
		Queue<Revision> seenByOwner = new ConcurrentLinkedQueue<>();
		Disposable watchOfOwner = this.store.watch("9aT-").subscribe(seenByOwner::add);
		try (RedisMonitor monitor = new RedisMonitor(redis)) {
			block(this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("a")));
			assertThat(published(monitor)).isEmpty();

			block(other.answerInput("9aT-", Map.of("one", RESULT)));
			assertThat(published(monitor)).containsExactly("publish \"" + owner + "\" \"t" + KEY + " 3\"");

			Awaitility.await().until(() -> seenByOwner.contains(new Revision(3)));

			Queue<Revision> seen = new ConcurrentLinkedQueue<>();
			Disposable watch = other.watch("9aT-").subscribe(seen::add);
			Awaitility.await().until(() -> seen.contains(new Revision(3)));
			assertThat(fields(KEY)).containsEntry("w", second.nodeId() + " ");
			block(this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("b")));
			assertThat(published(monitor)).containsExactly("publish \"" + watcher + "\" \"t" + KEY + " 4\"");
			Awaitility.await().until(() -> seen.contains(new Revision(4)));

			// What finds nobody who watches takes the note away
			watch.dispose();
			block(this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("c")));
			Awaitility.await().until(() -> !fields(KEY).containsKey("w"));
			monitor.scripts();
			block(this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("d")));
			assertThat(published(monitor)).isEmpty();
		}
		watchOfOwner.dispose();
	}

	// Some probes publish an echo
	private static List<String> published(RedisMonitor monitor) throws IOException {
		return monitor.scripts()
			.stream()
			.flatMap(List::stream)
			.filter((call) -> call.startsWith("publish") && !call.endsWith(" \"e\""))
			.toList();
	}

	@Test
	void notesNoMoreNodesThanItMay() {
		block(this.store.createTask(task()));
		redis.cli("HSET", KEY, "w", "aaaaaaaaaaa ".repeat(100));
		RedisEventStore second = open();

		block(RedisTaskStore.of(second, Duration.ofMinutes(5)).watch("9aT-").next());

		assertThat(fields(KEY).get("w")).hasSize(12 * 100).endsWith(second.nodeId() + " ");
	}

	@Test
	void takesLittleMemory() {
		block(this.store.createTask(task()));

		assertThat((Long) redis.cli("MEMORY", "USAGE", KEY)).isLessThanOrEqualTo(400);
	}

	// When Redis is out of memory

	@Test
	void renewsAndReadsWhileRedisIsOutOfMemory() {
		block(this.store.createTask(task("one")));
		redis.cli("PEXPIRE", KEY, "20000");
		redis.cli("CONFIG", "SET", "maxmemory", "1");

		assertThat(block(this.store.findTask("9aT-")).status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
		block(this.store.renewTasks(List.of("9aT-")));
		assertThat(ttl(KEY)).isBetween(3_540_000L, 3_601_000L);

		for (Mono<?> call : List.of(
				this.store.createTask(NewTask.working("other", this.node.nodeId(), null, Duration.ofHours(1))),
				this.store.answerInput("9aT-", Map.of("one", RESULT)),
				this.store.updateTask("9aT-", TaskChange.none().withStatusMessage("a")),
				this.store.endTask("9aT-", TaskEnd.completed(RESULT)))) {
			assertThatExceptionOfType(TaskStoreUnavailableException.class).isThrownBy(() -> block(call));
		}
		assertThat(fields(KEY)).containsEntry("r", "1").containsKey("q:one");
		assertThat(redis.cli("EXISTS", "mcp:1:{other}:t")).isEqualTo(0L);
	}

	@Test
	void endsTasksOfWhichThereIsLittleToKeepWhileRedisIsOutOfMemory() {
		RedisTaskStore other = RedisTaskStore.of(open(), Duration.ofMinutes(5));
		byte[] large = "x".repeat(5000).getBytes(StandardCharsets.UTF_8);
		for (String id : List.of("cancelled", "failed", "too-much")) {
			block(this.store.createTask(
					new NewTask(id, this.node.nodeId(), null, null, Duration.ofHours(1), null, Map.of("one", large))));
		}
		redis.cli("PEXPIRE", "mcp:1:{failed}:t", "20000");
		redis.cli("CONFIG", "SET", "maxmemory", "1");
		// From then on it is known that Redis is full
		for (RedisTaskStore each : List.of(this.store, other)) {
			assertThatExceptionOfType(TaskStoreUnavailableException.class)
				.isThrownBy(() -> block(each.endTask("too-much", TaskEnd.failed("too much", large))));
		}

		assertThat(block(other.endTask("cancelled", TaskEnd.cancelled(null)))).isTrue();
		assertThat(block(other.endTask("failed", TaskEnd.failed("its node has gone", RESULT)))).isTrue();

		assertThat(fields("mcp:1:{cancelled}:t")).containsOnlyKeys("o", "s", "t", "u", "l", "r", "e");
		assertThat(fields("mcp:1:{failed}:t")).containsOnlyKeys("o", "s", "m", "t", "u", "l", "r", "e", "x")
			.containsEntry("s", "failed")
			.containsEntry("x", "{\"content\":[]}");
		assertThat(ttl("mcp:1:{cancelled}:t")).isBetween(3_540_000L, 3_601_000L);
		assertThat(ttl("mcp:1:{failed}:t")).isBetween(240_000L, 301_000L);
		assertThat(block(this.store.findTask("too-much")).status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
	}

	@Test
	void raisesTheTimeToLiveThatItTellsWithTheExpiry() {
		block(this.store.createTask(task()));
		redis.cli("HINCRBY", KEY, "t", "-3590000");
		redis.cli("PEXPIRE", KEY, "11000");

		block(this.store.renewTasks(List.of("9aT-")));

		assertThat(ttl(KEY)).isBetween(3_540_000L, 3_601_000L);
		assertThat(block(this.store.findTask("9aT-")).timeToLive()).isBetween(Duration.ofSeconds(7190),
				Duration.ofSeconds(7250));
	}

	@Test
	void renewsATaskForAsLongAsItIsToldTo() {
		RedisTaskStore brief = RedisTaskStore.of(this.node, Duration.ofMinutes(5), Duration.ofMinutes(10));
		block(brief.createTask(NewTask.working("9aT-", this.node.nodeId(), null, Duration.ofMinutes(8))));

		block(brief.renewTasks(List.of("9aT-")));

		assertThat(ttl(KEY)).isBetween(540_000L, 601_000L);
		assertThat(block(brief.findTask("9aT-")).timeToLive()).isBetween(Duration.ofMinutes(10),
				Duration.ofMinutes(11));
	}

	@Test
	void refusesATimeToLiveThatLeavesNoTime() {
		for (Duration timeToLive : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(4000))) {
			assertThatIllegalArgumentException().isThrownBy(() -> RedisTaskStore.of(this.node, timeToLive))
				.withMessageContaining(timeToLive.toString());
			assertThatIllegalArgumentException()
				.isThrownBy(() -> RedisTaskStore.of(this.node, Duration.ofMinutes(5), timeToLive))
				.withMessageContaining(timeToLive.toString());
		}
	}

	/**
	 * Each line of the dump is one field: the key, a tab, the field, a tab, the value.
	 */
	private static void load(String file) throws IOException {
		try (BufferedReader reader = new BufferedReader(
				new InputStreamReader(RedisTaskLayoutTests.class.getResourceAsStream(file), StandardCharsets.UTF_8))) {
			reader.lines()
				.map((line) -> line.split("\t", 3))
				.forEach((field) -> redis.cli("HSET", field[0], field[1], field[2]));
		}
	}

}
