package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.StoreOutage;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RedisHealth}, by a clock of their own.
 */
class RedisHealthTests {

	private static final Operation APPEND = LuaScript.APPEND.operation();

	private static final Operation PROBE = LuaScript.PROBE.operation();

	private final AtomicLong clock = new AtomicLong(1);

	private final RedisHealth health = new RedisHealth(this.clock::get);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	@BeforeEach
	void start() {
		logger().setLevel(Level.INFO);
		this.log.start();
		logger().addAppender(this.log);
		this.health.due(List.of("a", "b"));
		probe("a");
		probe("b");
	}

	@AfterEach
	void stop() {
		logger().detachAppender(this.log);
		logger().setLevel(null);
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(RedisEventStore.class);
	}

	private void pass(long millis) {
		this.clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
	}

	private void probe(String server) {
		this.health.succeeded(server, PROBE, this.clock.get(), true);
		this.health.proved(server);
		this.health.probed(server);
	}

	private void probeAll() {
		pass(5000);
		this.health.due(List.of("a", "b")).forEach((due) -> probe(due.server()));
		passCalm();
	}

	// Until what is over is told to be
	private void passCalm() {
		pass(Duration.ofNanos(Spell.HOLD).toMillis());
		this.health.outage();
	}

	private void fail(String server, Operation operation, String answer) {
		this.health.failed(server, operation, this.clock.get(),
				RedisFailure.of(new IllegalStateException(answer), server));
	}

	private List<Level> levels() {
		return this.log.list.stream().map(ILoggingEvent::getLevel).toList();
	}

	@Test
	void aProbeOfOneServerSaysNothingOfAnother() {
		fail("a", PROBE, "NOPERM this user has no permissions to run the 'zadd' command");

		for (int i = 0; i < 10; i++) {
			pass(5000);
			assertThat(this.health.due(List.of("a", "b"))).contains(new RedisHealth.Due("a", true));
			probe("b");
			fail("a", PROBE, "NOPERM this user has no permissions to run the 'zadd' command");
			this.health.probed("a");
			assertThat(this.health.outage()).isNotNull();
		}
		assertThat(levels()).containsExactly(Level.WARN);

		probeAll();
		assertThat(this.health.outage()).isNull();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void aServerThatPublishesWhileItLoadsItsDataIsAway() {
		for (int i = 0; i < 10; i++) {
			long startedAt = this.clock.get();
			pass(500);
			this.health.succeeded("a", Operation.PUBLISH, this.clock.get(), false);
			pass(2000);
			this.health.failed("a", PROBE, startedAt,
					RedisFailure.of(new IllegalStateException("LOADING Redis is loading the dataset in memory"), "a"));
			this.health.probed("a");
			assertThat(this.health.outage()).isNotNull();
			assertThat(this.health.state("a")).isEqualTo(RedisHealth.State.AWAY);
			this.health.succeeded("a", Operation.PUBLISH, this.clock.get(), false);
			assertThat(this.health.state("a")).isEqualTo(RedisHealth.State.AWAY);
		}
		assertThat(levels()).containsExactly(Level.WARN);

		probeAll();
		assertThat(this.health.outage()).isNull();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void whatComesForAnotherReasonWithinAMinuteIsLoggedOnceAsWell() {
		for (int i = 0; i < 4; i++) {
			fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
			probeAll();
			fail("a", APPEND, "READONLY You can't write against a read only replica.");
			probeAll();
			assertThat(this.health.outage()).isNull();
		}

		assertThat(this.log.list).filteredOn((line) -> line.getLevel() == Level.WARN)
			.extracting(ILoggingEvent::getFormattedMessage)
			.satisfiesExactly((first) -> assertThat(first).contains("out of memory"),
					(second) -> assertThat(second).contains("read-only replica"));
	}

	private void time(String server, long startedAt) {
		this.health.failed(server, APPEND, startedAt, RedisFailure.timeout(500, server));
	}

	private List<String> warnings() {
		return this.log.list.stream()
			.filter((line) -> line.getLevel() == Level.WARN)
			.map(ILoggingEvent::getFormattedMessage)
			.toList();
	}

	@Test
	void theLineWaitsUntilItIsKnownWhyThereIsNoAnswer() {
		time("a", this.clock.get());
		assertThat(this.health.outage()).isNotNull();
		assertThat(this.health.unexplained()).containsExactly("a");
		pass(900);
		this.health.outage();
		assertThat(this.log.list).isEmpty();

		this.health.explained("a", RedisFailure.notAccepting("a"));

		assertThat(this.health.unexplained()).isEmpty();
		assertThat(this.health.outage().reason()).contains("Nothing accepts connections");
		time("a", this.clock.get());
		pass(5000);
		this.health.outage();
		assertThat(warnings()).singleElement().asString().contains("Nothing accepts connections", "1 of 2 servers");
		probeAll();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void theLineWaitsForASecondAtMost() {
		time("a", this.clock.get());
		this.health.outage();
		pass(1000);
		this.health.outage();

		this.health.explained("a", RedisFailure.notAccepting("a"));

		assertThat(warnings()).singleElement().asString().contains("didn't answer within 500 ms");
	}

	@Test
	void aConnectionThatEndsSaysNotYetWhy() {
		fail("a", APPEND, "Connection reset");
		assertThat(this.log.list).isEmpty();

		fail("a", APPEND, "WRONGPASS invalid username-password pair");

		assertThat(warnings()).singleElement().asString().contains("refuses the user or the password");
	}

	@Test
	void aLineThatWaitsIsLoggedAlthoughTheOutageIsOverMeanwhile() {
		time("a", this.clock.get());

		probeAll();

		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void aLineThatWaitsComesBeforeTheEndAlthoughNobodyLookedBetween() {
		time("a", this.clock.get());
		this.health.succeeded("a", APPEND, this.clock.get(), true);
		pass(5000);

		this.health.outage();
		pass(1000);
		this.health.outage();

		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void anotherReasonIsAnotherLineAtOnceAndComesOnce() {
		for (int i = 0; i < 10; i++) {
			fail("a", PROBE, "LOADING Redis is loading the dataset in memory");
			pass(1000);
			fail("a", PROBE, "NOAUTH Authentication required.");
			pass(1000);
			time("a", this.clock.get() - 1);
			pass(2000);
			this.health.outage();
		}
		fail("a", PROBE, "OOM command not allowed when used memory > 'maxmemory'.");

		assertThat(warnings()).satisfiesExactly((line) -> assertThat(line).contains("LOADING"),
				(line) -> assertThat(line).contains("NOAUTH"), (line) -> assertThat(line).contains("maxmemory"));
	}

	@Test
	void writesThatAreRefusedForAnotherReasonAreAnotherLine() {
		fail("a", PROBE, "OOM command not allowed when used memory > 'maxmemory'.");
		fail("a", PROBE, "NOREPLICAS Not enough good replicas to write.");

		assertThat(warnings()).satisfiesExactly((line) -> assertThat(line).contains("maxmemory"),
				(line) -> assertThat(line).contains("NOREPLICAS"));
	}

	@Test
	void anotherRightThatIsMissingIsAnotherLine() {
		for (int i = 0; i < 5; i++) {
			fail("a", PROBE, "ERR ACL failure in script: no permissions (RPUSHX in probe.lua)");
			fail("a", PROBE, "ERR ACL failure in script: no permissions (LRANGE in probe.lua)");
			pass(1000);
		}

		assertThat(warnings()).satisfiesExactly((line) -> assertThat(line).contains("RPUSHX"),
				(line) -> assertThat(line).contains("LRANGE"));
	}

	@Test
	void whoeverHasTakenOverIsSaidToFailUntilItHasAnswered() {
		fail("a", PROBE, "Connection refused");

		this.health.due(List.of("new", "b"));
		this.health.due(List.of("new", "b"));

		assertThat(this.health.outage().readsFail()).isTrue();
		assertThat(this.health.outage().writesFail()).isTrue();
		pass(1000);
		probe("new");
		passCalm();
		assertThat(this.health.outage()).isNull();
	}

	@Test
	void aServerThatIsNotKnownForAMomentIsNoOther() {
		fail("a", PROBE, "Connection refused");

		for (int i = 0; i < 3; i++) {
			this.health.due(List.of("b"));
			this.health.due(List.of("a", "b"));
		}

		assertThat(this.health.state("a")).isEqualTo(RedisHealth.State.AWAY);
		assertThat(this.health.failure("a")).isNotNull();
	}

	@Test
	void oneMissingRightIsOneLineWhateverNeedsItAndWherever() {
		for (String server : List.of("a", "b")) {
			for (LuaScript script : LuaScript.values()) {
				fail(server, script.operation(), "ERR ACL failure in script: The user executing the script can't run "
						+ "this command or subcommand script: " + script.digest() + ", on @user_script:1.");
			}
		}

		assertThat(warnings()).singleElement()
			.asString()
			.startsWith("Redis refuses " + LuaScript.values()[0].operation().name());
	}

	@Test
	void anotherMissingRightIsAnotherLineAndTheSameOneComesAgainAfterAMinute() {
		fail("a", Operation.LRANGE, "NOPERM this user has no permissions to run the 'lrange' command");
		fail("b", Operation.LRANGE, "NOPERM this user has no permissions to run the 'lrange' command");
		fail("a", Operation.UNLINK, "NOPERM this user has no permissions to run the 'unlink' command");
		fail("a", Operation.PUBLISH, "NOPERM this user has no permissions to access one of the channels used");
		assertThat(warnings()).hasSize(3);

		pass(60_000);
		fail("b", PROBE, "NOPERM this user has no permissions to run the 'lrange' command");
		assertThat(warnings()).hasSize(4);
	}

	@Test
	void saysWithinFiveSecondsThatAServerIsBackThatHasGoneSeveralTimes() {
		for (int times = 0; times < 200; times++) {
			fail("a", APPEND, "Connection refused");
			long backAt = this.clock.get() + TimeUnit.MILLISECONDS.toNanos(3000 + 10 * times);
			boolean connected = false;
			while (this.health.outage() != null) {
				for (RedisHealth.Due due : this.health.due(List.of("a", "b"))) {
					if (due.server().equals("b") || connected) {
						probe(due.server());
					}
					else {
						// What is found by that is that the connection has broken
						connected = this.clock.get() >= backAt;
						fail("a", PROBE, "Connection refused");
						this.health.probed("a");
					}
				}
				pass(250);
			}

			assertThat(Duration.ofNanos(this.clock.get() - backAt)).isLessThanOrEqualTo(Duration.ofSeconds(5));
			pass(10_000);
		}
	}

	@Test
	void aServerThatComesUpAgainIsNoOtherReason() {
		fail("a", PROBE, "Connection refused");
		fail("a", PROBE, "LOADING Redis is loading the dataset in memory");

		assertThat(warnings()).singleElement().asString().contains("Connection refused");
	}

	@Test
	void reasonsThatTakeTurnsAreLoggedOnceAMinuteAltogether() {
		for (int i = 0; i < 30; i++) {
			fail("a", PROBE, (i % 2 == 0) ? "NOAUTH Authentication required." : "Connection refused");
			pass(300);
			probe("a");
			pass(5700);
			this.health.due(List.of("a", "b"));
		}

		assertThat(warnings()).hasSize(4);
	}

	@Test
	void aServerThatHangsFromTheStartIsSaidToWithinFiveSecondsAndNotAtOnce() {
		RedisHealth starting = new RedisHealth(this.clock::get);
		long began = this.clock.get();

		while (starting.outage() == null) {
			failToBegin(starting);
		}

		assertThat(Duration.ofNanos(this.clock.get() - began)).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));
		assertThat(starting.outage().reason()).contains("there is no connection to it yet");
		// Calls wait for longer
		assertThat(starting.state("a")).isEqualTo(RedisHealth.State.WORKING);
		for (int i = 0; i < 60; i++) {
			failToBegin(starting);
		}
		assertThat(starting.state("a")).isEqualTo(RedisHealth.State.AWAY);
	}

	@Test
	void aFirstAnswerThatIsLongInComingIsLoggedOnlyIfItDoesNotCome() {
		RedisHealth slow = new RedisHealth(this.clock::get);
		while (slow.outage() == null) {
			failToBegin(slow);
		}
		slow.succeeded("a", PROBE, this.clock.get(), true);
		pass(5000);
		assertThat(slow.outage()).isNull();
		assertThat(this.log.list).isEmpty();
		RedisHealth silent = new RedisHealth(this.clock::get);

		for (int i = 0; i < 60; i++) {
			failToBegin(silent);
		}

		assertThat(warnings()).singleElement().asString().contains("there is no connection to it yet");
	}

	private void failToBegin(RedisHealth starting) {
		for (RedisHealth.Due due : starting.due(List.of("a"))) {
			long sent = this.clock.get();
			pass(500);
			starting.failed(due.server(), PROBE, sent, RedisFailure.unconnected(500, "a"));
			starting.probed(due.server());
		}
		pass(250);
	}

	@Test
	void oneSlowCallIsNoOutageWhileOthersAreAnswered() {
		long startedAt = this.clock.get();
		pass(500);
		this.health.succeeded("a", Operation.PUBLISH, this.clock.get(), false);

		this.health.failed("a", APPEND, startedAt, RedisFailure.timeout(500, "a"));

		assertThat(this.health.outage()).isNull();
	}

	@Test
	void aRefusedCallOfOneKeyIsNoStateOfTheStoreAndIsLoggedOnceAMinute() {
		for (int i = 0; i < 15; i++) {
			fail("a", APPEND, "WRONGTYPE Operation against a key holding the wrong kind of value");
			assertThat(this.health.outage()).isNull();
			probeAll();
		}

		assertThat(levels()).containsExactly(Level.WARN, Level.WARN);
	}

	@Test
	void whatOnlyTheProbeMeetsIsOneAllTheSame() {
		fail("a", PROBE, "ERR upstream failure");

		assertThat(this.health.outage()).isNotNull();
	}

	@Test
	void doesNotFlapWhereARefusalIsNoneThatAProbeMeets() {
		int ends = 0;
		for (int i = 0; i < 24; i++) {
			fail("a", APPEND, "NOPERM this user has no permissions to access one of the keys");
			assertThat(this.health.outage()).isNotNull();
			probeAll();
			ends += (this.health.outage() == null) ? 1 : 0;
		}

		assertThat(ends).isEqualTo(1);
		assertThat(this.log.list.size()).isLessThanOrEqualTo(4);
		for (int i = 0; i < 13; i++) {
			probeAll();
		}
		assertThat(this.health.outage()).isNull();
	}

	@Test
	void saysThatAServerIsAwayAlthoughSomethingIsRefusedAlready() {
		fail("a", PROBE, "NOPERM this user has no permissions to run the 'zadd' command");
		pass(100);
		fail("b", APPEND, "Connection refused");

		assertThat(this.log.list).extracting(ILoggingEvent::getFormattedMessage)
			.satisfiesExactly((line) -> assertThat(line).contains("refuses probe.lua"),
					(line) -> assertThat(line).contains("Events aren't stored for now", "can't be reached"));
		pass(100);
		probe("b");
		passCalm();
		assertThat(this.log.list.get(2).getFormattedMessage()).contains("works again after 100 ms",
				"still refuses [probe.lua]");
		probeAll();
		assertThat(this.health.outage()).isNull();
		assertThat(levels()).containsExactly(Level.WARN, Level.WARN, Level.INFO, Level.INFO);
	}

	@Test
	void doesNotFlapWhereAServerIsAtTheLimitOfItsMemory() {
		for (int tenths = 0; tenths < 1800; tenths++) {
			for (RedisHealth.Due due : this.health.due(List.of("a", "b"))) {
				probe(due.server());
			}
			if (this.health.admits("a", APPEND) && tenths % 7 == 0) {
				fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
			}
			assertThat(this.health.outage()).isNotNull();
			assertThat(this.health.outage().writesFail()).isTrue();
			assertThat(this.health.outage().reason()).contains("out of memory");
			pass(100);
		}

		assertThat(this.log.list).hasSize(3);
		assertThat(this.log.list.get(1).getFormattedMessage()).containsPattern("again, [0-9]{2} times")
			.contains("out of memory");
		assertThat(this.log.list.get(2).getFormattedMessage()).containsPattern("again, [0-9]{2} times");
	}

	@Test
	void writesAgainAtOnceAndSaysThatAllIsWellWithinFiveSeconds() {
		for (int i = 0; i < 10; i++) {
			fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
			assertThat(this.health.admits("a", APPEND)).isFalse();
			pass(300);
			probe("a");
			assertThat(this.health.admits("a", APPEND)).isTrue();
			assertThat(this.health.outage()).isNotNull();
		}

		pass(4200);
		assertThat(this.health.outage()).isNull();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void saysOnceAMinuteThatWhatWasOverHasComeBack() {
		for (int i = 0; i < 12; i++) {
			fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
			pass(300);
			probe("a");
			pass(9700);
			this.health.due(List.of("a", "b"));
			assertThat(this.health.outage()).isNull();
		}

		assertThat(levels()).containsExactly(Level.WARN, Level.INFO, Level.WARN, Level.WARN);
		assertThat(this.log.list.get(2).getFormattedMessage()).contains("again, 5 times");
		assertThat(this.log.list.get(3).getFormattedMessage()).contains("again, 6 times");
		pass(70_000);
		fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
		assertThat(this.log.list.get(4).getFormattedMessage()).contains("aren't stored for now");
	}

	@Test
	void saysOfWhatHasComeBackWhyItHasAndNotWhatElseWasWrongSince() {
		for (int i = 0; i < 2; i++) {
			fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
			pass(300);
			probe("a");
			pass(9700);
			this.health.due(List.of("a", "b"));
		}
		this.health.refused(Operation.STUCK_SLOT,
				RedisFailure.of(new IllegalStateException("TRYAGAIN Multiple keys request"), "b").ofSlots("7"));
		pass(60_000);
		this.health.due(List.of("a", "b"));

		assertThat(this.log.list).extracting(ILoggingEvent::getFormattedMessage)
			.filteredOn((line) -> line.contains("again, 1 times"))
			.singleElement()
			.asString()
			.contains("maxmemory");
	}

	@Test
	void aWorseOutageIsLoggedAlthoughAnotherWasOverJustNow() {
		fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
		probeAll();
		pass(100);
		fail("a", APPEND, "Connection refused");

		assertThat(levels()).containsExactly(Level.WARN, Level.INFO, Level.WARN);
		assertThat(this.health.outage().readsFail()).isTrue();
		probeAll();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO, Level.WARN, Level.INFO);
	}

	@Test
	void saysThatItGotWorseOnceAndWhenItIsOver() {
		fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
		pass(100);
		fail("b", APPEND, "Connection refused");
		fail("a", APPEND, "Connection refused");

		assertThat(levels()).containsExactly(Level.WARN, Level.WARN);
		probeAll();
		assertThat(levels()).containsExactly(Level.WARN, Level.WARN, Level.INFO);
	}

	@Test
	void letsThroughWhatMakesRoomInAFullServerButNotInAReplica() {
		fail("a", APPEND, "OOM command not allowed when used memory > 'maxmemory'.");
		fail("b", APPEND, "READONLY You can't write against a read only replica.");

		assertThat(List.of(LuaScript.DELETE, LuaScript.TRIM, LuaScript.DROP_STREAMS, LuaScript.REMOVE_ANSWERS,
				LuaScript.DELETE_SESSION))
			.map(LuaScript::operation)
			.contains(LuaScript.TRIM.operation())
			.allMatch((operation) -> this.health.admits("a", operation))
			.noneMatch((operation) -> this.health.admits("b", operation));
		assertThat(this.health.admits("a", Operation.UNLINK)).isTrue();
		assertThat(this.health.admits("a", APPEND)).isFalse();
		assertThat(this.health.admits("a", Operation.LRANGE)).isTrue();
		StoreOutage outage = this.health.outage();
		assertThat(outage).isNotNull();
		assertThat(outage.readsFail()).isFalse();
	}

	@Test
	void probesAlsoAServerThatTakesWritesAllTheTime() {
		int probes = 0;
		for (int i = 0; i < 20; i++) {
			pass(1000);
			this.health.succeeded("a", LuaScript.BEAT.operation(), this.clock.get(), true);
			for (RedisHealth.Due due : this.health.due(List.of("a"))) {
				assertThat(due.full()).isTrue();
				probes++;
				probe(due.server());
			}
		}

		assertThat(probes).isBetween(4, 5);
	}

	@Test
	void publishesOnAServerThatIsQuietOnlyEveryFourSeconds() {
		int probes = 0;
		List<Integer> published = new ArrayList<>();
		for (int quarter = 1; quarter <= 160; quarter++) {
			pass(250);
			for (RedisHealth.Due due : this.health.due(List.of("a"))) {
				probes++;
				if (due.full()) {
					published.add(quarter);
				}
				probe(due.server());
			}
		}

		assertThat(published).containsExactly(16, 32, 48, 64, 80, 96, 112, 128, 144, 160);
		assertThat(probes).isEqualTo(30);
	}

	@Test
	void theFirstProbeAndThoseWhereSomethingIsRefusedPublish() {
		assertThat(this.health.due(List.of("new"))).containsExactly(new RedisHealth.Due("new", true));
		probe("new");

		fail("new", APPEND, "NOPERM this user has no permissions to run the 'publish' command");
		pass(2000);
		assertThat(this.health.due(List.of("new"))).containsExactly(new RedisHealth.Due("new", true));
	}

	private void failToSubscribe() {
		this.health.unsubscribed(RedisFailure.of(new IllegalStateException("WRONGPASS invalid"), "a").ofSubscription());
	}

	@Test
	void saysThatThereIsNoSubscriptionWhileCallsWork() {
		for (int quarter = 0; quarter < 8; quarter++) {
			failToSubscribe();
			assertThat(this.health.outage()).isNull();
			pass(250);
			probe("a");
		}
		failToSubscribe();

		assertThat(this.health.outage()).isNotNull();
		assertThat(this.health.outage().readsFail()).isFalse();
		assertThat(this.health.outage().reason()).contains("Calls work", "refuses the user or the password");
		this.health.subscribed();
		passCalm();
		assertThat(this.health.outage()).isNull();
		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void thereIsNoSubscriptionInAnOutageAndForAMomentAfterIt() {
		failToSubscribe();
		fail("a", APPEND, "Connection refused");
		for (int quarter = 0; quarter < 20; quarter++) {
			pass(250);
			failToSubscribe();
		}
		probe("a");
		failToSubscribe();
		pass(1000);
		failToSubscribe();
		this.health.subscribed();
		passCalm();

		assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
		assertThat(this.log.list.get(0).getFormattedMessage()).startsWith("Events aren't stored");
	}

	@Test
	void nothingIsSaidOfTheSubscriptionWhereNoCallIsAnswered() {
		failToSubscribe();
		pass(3000);
		failToSubscribe();

		assertThat(this.health.outage()).isNull();
	}

}
