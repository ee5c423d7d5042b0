package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import io.lettuce.core.RedisCommandExecutionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.ClusterSlotHashUtil;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

/**
 * Tests for the time limit of {@link RedisCalls} in a process that stands still, and for
 * what is asked again.
 */
@Timeout(300)
@NeedsRedis
class RedisCallsTests {

	private static final Duration LIMIT = Duration.ofSeconds(4);

	private static final byte[] KEY = RedisKeys.bytes("none");

	private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();

	private RedisServer redis;

	private LettuceConnectionFactory factory;

	private RedisLink link;

	private RedisCalls calls;

	@BeforeEach
	void start() throws Exception {
		this.redis = RedisServer.start();
		this.factory = new LettuceConnectionFactory("127.0.0.1", this.redis.port());
		this.factory.afterPropertiesSet();
		this.factory.start();
		this.link = RedisLinks.of(this.factory);
		this.calls = new RedisCalls(this.link, this.scheduler, LIMIT.toNanos());
		Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().until(() -> read().get().isEmpty());
	}

	@AfterEach
	void stop() {
		this.calls.close();
		this.link.close();
		this.scheduler.shutdownNow();
		this.factory.destroy();
		this.redis.close();
	}

	@Test
	void waitsForAnAnswerThatCameLateBecauseTheProcessStoodStill() throws Exception {
		CountDownLatch still = standStill();
		this.redis.pause();
		CompletableFuture<List<byte[]>> answer = read();
		pastTheLimit();

		still.countDown();
		this.scheduler.submit(() -> {
		}).get(60, TimeUnit.SECONDS);
		this.redis.resume();

		assertThat(answer.get(60, TimeUnit.SECONDS)).isEmpty();
	}

	@Test
	void failsAllTheSameWhenNoAnswerComesAfterTheStandstill() throws Exception {
		CountDownLatch still = standStill();
		this.redis.pause();
		CompletableFuture<List<byte[]>> answer = read();
		pastTheLimit();

		still.countDown();

		assertThat(answer).failsWithin(Duration.ofMinutes(1))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(EventStoreUnavailableException.class);
	}

	@Test
	void waitsLongerIfManyCallsBeginAtOnce() {
		CompletableFuture<List<byte[]>> last = IntStream.range(0, 20_000)
			.mapToObj((i) -> call((link, withBody) -> new CompletableFuture<>()))
			.reduce((one, next) -> next)
			.orElseThrow();

		// A second for 5,000, and more where the process stands still
		assertThat(last).failsWithin(Duration.ofMinutes(1)).withThrowableThat().satisfies((failure) -> {
			Matcher millis = Pattern.compile("within (\\d+) ms").matcher(failure.getMessage());
			assertThat(millis.find()).as(failure.getMessage()).isTrue();
			assertThat(Long.parseLong(millis.group(1))).isGreaterThanOrEqualTo(LIMIT.plusSeconds(3).toMillis());
		});
	}

	@Test
	void triesAgainAfterAnErrorThatNobodyKnows() {
		AtomicInteger tries = new AtomicInteger();

		CompletableFuture<List<byte[]>> answer = call(
				(link, withBody) -> (tries.incrementAndGet() < 3) ? error() : link.range(KEY, 0, -1));

		assertThat(answer).succeedsWithin(Duration.ofMinutes(1));
	}

	@Test
	void givesUpAnErrorThatNobodyKnowsAndTakesTheOthersForWell() {
		AtomicInteger tries = new AtomicInteger();

		CompletableFuture<List<byte[]>> answer = call((link, withBody) -> {
			tries.incrementAndGet();
			return error();
		});

		assertThat(answer).failsWithin(Duration.ofMinutes(1))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(EventStoreRefusedException.class)
			.withMessageContaining("upstream failure");
		assertThat(tries).hasValue(4);
		assertThat(this.calls.outage()).isNull();
	}

	@Test
	void takesAnErrorThatNobodyKnowsForAnOutageUntilAnotherWriteIsCarriedOut() {
		for (int i = 0; i < 3; i++) {
			assertThat(write(KEY, (link, withBody) -> error())).failsWithin(Duration.ofMinutes(1))
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(EventStoreUnavailableException.class);
			assertThat(this.calls.outage()).isNotNull();
			assertThat(this.calls.outage().reason()).contains("upstream failure");
			// As a probe does
			this.calls.health().succeeded(RedisLink.NO_SERVER, LuaScript.PROBE.operation(), System.nanoTime(), true);
		}

		assertThat(write(RedisKeys.bytes("other"), (link, withBody) -> link.range(KEY, 0, -1)))
			.succeedsWithin(Duration.ofMinutes(1));
		assertThat(write(KEY, (link, withBody) -> error())).failsWithin(Duration.ofMinutes(1))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(EventStoreRefusedException.class);
	}

	private CompletableFuture<List<byte[]>> write(byte[] key, RedisCalls.Command<List<byte[]>> command) {
		return call(LuaScript.STORE_ANSWER.operation(), key, command);
	}

	private static CompletableFuture<List<byte[]>> error() {
		return CompletableFuture.failedFuture(new IllegalStateException("ERR upstream failure"));
	}

	@Test
	void asksAgainWhileASlotIsOnItsWayThoughTheDriverMayKnowOfNoCluster() throws Exception {
		for (String answer : List.of("TRYAGAIN Multiple keys request during rehashing of slot",
				"ASK 1 127.0.0.1:7000")) {
			AtomicInteger asked = new AtomicInteger();

			CompletableFuture<List<byte[]>> reply = call((link, withBody) -> (asked.incrementAndGet() < 3)
					? answered(answer) : CompletableFuture.completedFuture(List.of()));

			assertThat(reply.get(60, TimeUnit.SECONDS)).isEmpty();
			assertThat(asked).hasValue(3);
		}
	}

	@Test
	void saysThatTheServerIsOneOfAClusterIfItSendsTheCallToAnother() {
		assertThat(call((link, withBody) -> answered("MOVED 1 127.0.0.1:7000"))).failsWithin(Duration.ofMinutes(1))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(EventStoreRefusedException.class)
			.withMessageContaining("is a node of a Cluster");
	}

	@Test
	void noRefusalOfASlotOutlivesIt() {
		RedisFailure stuck = RedisFailure.of(new RedisCommandExecutionException("TRYAGAIN Multiple keys request"), "")
			.ofSlots("7");
		RedisProbe probe = new RedisProbe(this.link, this.calls, new RedisKeys("mcp"), RedisKeys.bytes("channel"));
		this.calls.stuckSlots().waited(KEY, Operation.STUCK_SLOT);
		this.calls.stuckSlots().ifNone(() -> fail("There is one"));
		// Its trial has succeeded before the call says so that had waited for it
		this.calls.stuckSlots().tried(ClusterSlotHashUtil.calculateSlot(KEY), true);
		this.calls.health().refused(Operation.STUCK_SLOT, stuck);
		assertThat(this.calls.outage()).isNotNull();

		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> {
			probe.run();
			return this.calls.outage() == null;
		});
	}

	@Test
	void smallCallsDoNotWaitBehindLargeOnes() throws Exception {
		CountDownLatch still = standStill();
		List<CompletableFuture<List<byte[]>>> underWay = new ArrayList<>();
		AtomicInteger begun = new AtomicInteger();
		List<CompletableFuture<List<byte[]>>> large = new ArrayList<>();
		for (int i = 0; i < 10; i++) {
			large.add(call(Operation.LRANGE, KEY, 20 << 20, (link, withBody) -> {
				begun.incrementAndGet();
				CompletableFuture<List<byte[]>> answer = new CompletableFuture<>();
				underWay.add(answer);
				return answer;
			}));
		}
		assertThat(begun).hasValue(3);

		for (long bytes : new long[] { 0, RedisCalls.SMALL }) {
			assertThat(call(Operation.LRANGE, KEY, bytes, (link, withBody) -> answered())).isCompleted();
		}

		AtomicInteger behind = new AtomicInteger();
		call(Operation.LRANGE, KEY, RedisCalls.SMALL + 1, (link, withBody) -> {
			behind.incrementAndGet();
			return answered();
		});
		assertThat(behind).hasValue(0);
		assertThat(begun).hasValue(3);
		for (int i = 0; i < 10; i++) {
			underWay.get(i).complete(List.of());
		}
		assertThat(large).allMatch(CompletableFuture::isDone);
		assertThat(behind).hasValue(1);
		still.countDown();
	}

	@Test
	void smallCallsAreBoundedAsWell() throws Exception {
		CountDownLatch still = standStill();
		List<CompletableFuture<List<byte[]>>> underWay = new ArrayList<>();
		RedisCalls.Command<List<byte[]>> command = (link, withBody) -> {
			CompletableFuture<List<byte[]>> answer = new CompletableFuture<>();
			underWay.add(answer);
			return answer;
		};
		call(Operation.LRANGE, KEY, RedisCalls.MAX_BYTES_UNDER_WAY, command);
		int calls = 10_000;
		for (int i = 0; i < calls; i++) {
			call(Operation.LRANGE, KEY, RedisCalls.SMALL, command);
		}

		assertThat(underWay).hasSizeBetween(1000, calls / 2);

		for (int i = 0; i <= calls; i++) {
			underWay.get(i).complete(List.of());
		}
		assertThat(call(Operation.LRANGE, KEY, RedisCalls.SMALL, (link, withBody) -> answered())).isCompleted();
		still.countDown();
	}

	private static CompletableFuture<List<byte[]>> answered() {
		return CompletableFuture.completedFuture(List.of());
	}

	private static CompletableFuture<List<byte[]>> answered(String error) {
		return CompletableFuture.failedFuture(new RedisCommandExecutionException(error));
	}

	private CountDownLatch standStill() throws InterruptedException {
		CountDownLatch still = new CountDownLatch(1);
		CountDownLatch reached = new CountDownLatch(1);
		this.scheduler.execute(() -> {
			reached.countDown();
			try {
				still.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		});
		assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();
		return still;
	}

	private static void pastTheLimit() {
		Awaitility.await().pollDelay(LIMIT.multipliedBy(2)).until(() -> true);
	}

	private CompletableFuture<List<byte[]>> read() {
		return call((link, withBody) -> link.range(KEY, 0, -1));
	}

	private CompletableFuture<List<byte[]>> call(RedisCalls.Command<List<byte[]>> command) {
		return call(Operation.LRANGE, KEY, command);
	}

	private CompletableFuture<List<byte[]>> call(Operation operation, byte[] key,
			RedisCalls.Command<List<byte[]>> command) {
		return call(operation, key, 0, command);
	}

	private CompletableFuture<List<byte[]>> call(Operation operation, byte[] key, long bytes,
			RedisCalls.Command<List<byte[]>> command) {
		CompletableFuture<List<byte[]>> answer = new CompletableFuture<>();
		this.calls.call(operation, key, bytes, command, (elements, failure) -> {
			if (failure != null) {
				answer.completeExceptionally(failure);
			}
			else {
				answer.complete(elements);
			}
		});
		return answer;
	}

}
