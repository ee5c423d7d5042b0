package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what nodes find out of each other by {@code beat.lua}, with clocks of their
 * own that tests move.
 */
@NeedsRedis
class BeatTests {

	private static final String KEY = "mcp:1:b";

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	private final RedisServer redis = RedisServer.start();

	private long now = 1_000;

	@AfterEach
	void close() {
		this.redis.close();
	}

	private List<Node> join(int nodes) {
		List<Node> joined = new ArrayList<>();
		IntStream.range(0, nodes).forEach((i) -> joined.add(new Node(String.format("node%07d", i))));
		beat(joined);
		beat(joined);
		return joined;
	}

	private void beat(List<Node> nodes) {
		this.now += INTERVAL.toNanos();
		nodes.forEach(Node::beat);
	}

	private void beatFor(int seconds, List<Node> nodes) {
		IntStream.range(0, seconds).forEach((i) -> beat(nodes));
	}

	private Object redis(String... command) {
		return this.redis.cli(command);
	}

	private List<Object> members() {
		return List.copyOf((List<?>) redis("ZRANGE", KEY, "0", "-1"));
	}

	@Test
	void aBeatBringsNothingWhileNothingChangesHoweverManyNodesThereAre() {
		List<Node> nodes = join(200);

		beatFor(3, nodes);

		assertThat(nodes).allSatisfy((node) -> assertThat(node.reply).hasSize(2));
		assertThat(nodes).allSatisfy((node) -> assertThat(node.lost).isEmpty());
	}

	@Test
	void aNodeThatIsSilentIsGivenUpByAllAfterTheTimeoutAndNotBefore() {
		List<Node> nodes = join(3);
		Node silent = nodes.get(2);
		List<Node> others = nodes.subList(0, 2);

		beatFor(10, others);
		assertThat(others).noneMatch((node) -> node.isGone(silent));
		beatFor(2, others);

		assertThat(others).allMatch((node) -> node.isGone(silent));
		assertThat(others).allSatisfy((node) -> assertThat(node.lost).containsExactly(silent.id));
		assertThat(members()).contains("!" + silent.id).doesNotContain(silent.id, "+" + silent.id);
	}

	@Test
	void aNodeThatWasPausedComesBackForAllAndHasLostNobody() {
		List<Node> nodes = join(3);
		Node paused = nodes.get(2);
		beatFor(60, nodes.subList(0, 2));
		assertThat(nodes.get(0).isGone(paused)).isTrue();

		paused.beat();
		beat(nodes);

		assertThat(nodes.subList(0, 2)).noneMatch((node) -> node.isGone(paused));
		assertThat(paused.isGone(nodes.get(0))).isFalse();
		beatFor(20, nodes);
		assertThat(paused.lost).isEmpty();
		assertThat(members()).doesNotContain("!" + paused.id);
	}

	@Test
	void aNodeThatIsPausedForSoLongThatNothingIsLeftOfItComesBack() {
		List<Node> nodes = join(3);
		Node paused = nodes.get(2);
		beatFor(400, nodes.subList(0, 2));
		assertThat(members()).containsExactlyInAnyOrder(nodes.get(0).id, nodes.get(1).id);
		assertThat(nodes.get(0).isGone(paused)).isTrue();

		paused.beat();
		beat(nodes);

		assertThat(nodes.get(0).isGone(paused)).isFalse();
	}

	@Test
	void anOutageOfAnyLengthMakesNobodyGone() {
		List<Node> nodes = join(3);
		beatFor(20, nodes);

		for (int i = 0; i < 100; i++) {
			this.now += INTERVAL.toNanos();
			nodes.forEach((node) -> node.sightings.failed());
		}
		// The others need a while to get their connections back
		beatFor(9, nodes.subList(0, 1));
		beatFor(20, nodes);

		assertThat(nodes).allSatisfy((node) -> assertThat(node.lost).isEmpty());
		assertThat(nodes).noneMatch((node) -> nodes.stream().anyMatch(node::isGone));
	}

	@Test
	void theLossOfAllSignsOfLifeMakesNobodyGoneAndADeadNodeIsFoundAllTheSame() {
		List<Node> nodes = join(4);
		Node dead = nodes.get(3);
		List<Node> living = nodes.subList(0, 3);
		assertThat(nodes.get(0).isGone(dead)).isFalse();
		beatFor(20, nodes);

		redis("FLUSHALL");
		beatFor(9, living.subList(0, 1));
		beat(living);
		assertThat(living).noneMatch((node) -> living.stream().anyMatch(node::isGone));
		beatFor(12, living);

		assertThat(living).noneMatch((node) -> living.stream().anyMatch(node::isGone));
		// One that nobody has asked about is looked up first
		living.forEach((node) -> node.isGone(dead));
		beatFor(12, living);
		assertThat(living).allMatch((node) -> node.isGone(dead));
	}

	@Test
	void aRollbackMakesNobodyGone() {
		List<Node> nodes = join(3);
		redis("COPY", KEY, "before");
		beatFor(60, nodes);

		redis("COPY", "before", KEY, "REPLACE");
		for (int i = 0; i < 30; i++) {
			beat(nodes);
			assertThat(nodes).noneMatch((node) -> nodes.stream().anyMatch(node::isGone));
		}

		beatFor(12, nodes.subList(0, 2));
		assertThat(nodes.get(0).isGone(nodes.get(2))).isTrue();
	}

	@Test
	void aBeatThatRedisCarriedOutThoughItsAnswerWasLostGivesUpNobodyAndLosesNoChange() {
		List<Node> nodes = join(3);
		Node dead = nodes.get(2);
		beatFor(11, nodes.subList(0, 2));
		Node first = nodes.get(0);

		// It gives up the third one, and doesn't learn of it
		this.now += INTERVAL.toNanos();
		first.run(first.sightings.look());
		first.sightings.failed();
		first.beat();

		assertThat(first.isGone(dead)).isTrue();
		assertThat(first.lost).containsExactly(dead.id);
		assertThat(first.isGone(nodes.get(1))).isFalse();
	}

	@Test
	void aBeatThatRedisCarriesOutLateGivesUpNobodyWhoLives() {
		List<Node> nodes = join(3);
		beatFor(20, nodes);
		NodeSightings.Look late = nodes.get(0).sightings.look();
		nodes.get(0).sightings.failed();

		beatFor(20, nodes.subList(1, 3));
		nodes.get(0).run(late);
		beatFor(2, nodes);

		assertThat(nodes).noneMatch((node) -> node.isGone(nodes.get(1)) || node.isGone(nodes.get(2)));
	}

	@Test
	void asksNoClockOfRedis() {
		assertThat(new String(LuaScript.BEAT.body(), StandardCharsets.UTF_8)).doesNotContain("TIME'");
		assertThat(new String(LuaScript.LEAVE.body(), StandardCharsets.UTF_8)).doesNotContain("TIME'");
	}

	@Test
	void aNodeThatJoinsLearnsWhoHasGoneAndThatIsNoNews() {
		List<Node> nodes = join(3);
		Node dead = nodes.get(2);
		beatFor(12, nodes.subList(0, 2));

		Node later = new Node("laterNode01");
		later.beat();

		assertThat(later.isGone(dead)).isTrue();
		assertThat(later.lost).isEmpty();
		assertThat(later.isGone(nodes.get(0))).isFalse();
	}

	@Test
	void aNodeThatLeavesIsGoneForThoseWhoDidNotHearIt() {
		List<Node> nodes = join(3);
		Node leaving = nodes.get(2);

		leaving.leave();
		beat(nodes.subList(0, 2));

		assertThat(nodes.subList(0, 2)).allMatch((node) -> node.isGone(leaving));
		assertThat(nodes.subList(0, 2)).allSatisfy((node) -> assertThat(node.lost).isEmpty());
		assertThat((Long) redis("PTTL", KEY)).isPositive();
	}

	@Test
	void aBeatThatRedisCarriesOutAfterItsNodeHasLeftDoesNotBringItBack() {
		List<Node> nodes = join(3);
		List<Node> staying = nodes.subList(0, 2);
		Node leaving = nodes.get(2);
		leaving.isGone(new Node("unknownNode"));

		leaving.leave();
		leaving.beat();
		assertThat(leaving.reply).hasSize(3);
		leaving.beat();

		assertThat(members()).contains("-" + leaving.id).doesNotContain(leaving.id, "+" + leaving.id);
		beatFor(20, staying);
		assertThat(staying).allMatch((node) -> node.isGone(leaving));
		assertThat(staying).allSatisfy((node) -> assertThat(node.lost).isEmpty());
	}

	@Test
	void aNodeThatLeavesBeforeItsFirstBeatIsCarriedOutDoesNotCome() {
		List<Node> nodes = join(2);
		Node leaving = new Node("neverThere1");

		leaving.leave();
		leaving.beat();

		assertThat(members()).doesNotContain(leaving.id, "+" + leaving.id);
		beatFor(20, nodes);
		assertThat(nodes).allSatisfy((node) -> assertThat(node.lost).isEmpty());
	}

	@Test
	void aNodeThatWasGivenUpLeavesAllTheSame() {
		List<Node> nodes = join(3);
		Node paused = nodes.get(2);
		beatFor(12, nodes.subList(0, 2));
		assertThat(members()).contains("!" + paused.id);

		paused.leave();

		assertThat(members()).contains("-" + paused.id).doesNotContain("!" + paused.id);
	}

	@Test
	void leavesNothingThatDoesNotExpire() {
		Node only = join(1).get(0);

		only.leave();

		assertThat((Long) redis("PTTL", KEY)).isBetween(1L, 300_000L);
	}

	@Test
	void whatIsLeftOfGoneNodesIsRemovedAfterAWhile() {
		List<Node> nodes = join(5);
		List<Node> living = nodes.subList(0, 2);
		beatFor(12, living);
		assertThat(members()).hasSizeGreaterThan(4);

		beatFor(320, living);

		assertThat(members()).containsExactlyInAnyOrder(living.get(0).id, living.get(1).id);
	}

	@Test
	void aChangeIsKeptUntilAllWhoLiveKnowIt() {
		List<Node> nodes = join(3);
		Node slow = nodes.get(1);
		Node leaving = nodes.get(2);
		leaving.leave();

		// A single one beats many times faster than the other
		IntStream.range(0, 2000).forEach((i) -> nodes.get(0).beat());
		assertThat(members()).contains("-" + leaving.id);
		assertThat(slow.sightings.presence(leaving.id)).isEqualTo(NodeSightings.Presence.PRESENT);

		slow.beat();
		assertThat(slow.isGone(leaving)).isTrue();
	}

	@Test
	void aChangeIsKeptForThreeHundredBeatsOfEach() {
		List<Node> nodes = join(4);
		List<Node> living = nodes.subList(0, 3);
		nodes.get(3).leave();

		beatFor(290, living);
		assertThat(members()).contains("-" + nodes.get(3).id);

		beatFor(15, living);
		assertThat(members()).doesNotContain("-" + nodes.get(3).id);
	}

	@Test
	void aNodeThatIsTooLateForAChangeForgetsWhatItKnew() {
		List<Node> nodes = join(3);
		Node slow = nodes.get(1);
		Node leaving = nodes.get(2);
		leaving.leave();
		for (int i = 0; i < NodeSightings.MAX_CHANGES + 500; i++) {
			Node passing = new Node(String.format("pass%07d", i));
			passing.beat();
			passing.leave();
		}

		// Whoever beats first removes what is too much
		nodes.get(0).beat();
		assertThat(members()).doesNotContain("-" + leaving.id);
		slow.beat();

		assertThat(slow.sightings.presence(leaving.id)).isEqualTo(NodeSightings.Presence.UNKNOWN);
	}

	@Test
	void crashLoopsLeaveABoundedNumberOfTraces() {
		List<Node> nodes = join(2);
		assertThat(nodes.get(0).isGone(nodes.get(1))).isFalse();
		for (int i = 0; i < 3000; i++) {
			new Node(String.format("dies%07d", i)).beat();
		}

		assertThat(redis("ZCOUNT", KEY, "-inf", "(0")).isEqualTo((long) NodeSightings.MAX_CHANGES);

		for (int i = 0; i < 60; i++) {
			beat(nodes);
			assertThat((Long) redis("ZCOUNT", KEY, "-inf", "(0")).isBetween(1L, (long) NodeSightings.MAX_CHANGES);
		}

		assertThat(nodes.get(0).largestReply).isLessThan(2 * NodeSightings.MAX_CHANGES + 10);
		assertThat(nodes.get(0).isGone(nodes.get(1))).isFalse();
		assertThat(redis("ZCOUNT", KEY, "(0", "+inf")).isEqualTo(2L);
	}

	private final class Node {

		final String id;

		final NodeSightings sightings;

		final List<String> lost = new ArrayList<>();

		List<Object> reply = List.of();

		int largestReply;

		Node(String id) {
			this.id = id;
			this.sightings = new NodeSightings(id, INTERVAL.multipliedBy(10), INTERVAL.multipliedBy(6),
					() -> BeatTests.this.now);
		}

		void beat() {
			NodeSightings.Look look = this.sightings.look();
			this.reply = run(look);
			this.largestReply = Math.max(this.largestReply, this.reply.size());
			this.lost.addAll(this.sightings.answered(look, NodeSightings.Answer.parse(look, this.reply)));
		}

		List<Object> run(NodeSightings.Look look) {
			return eval(LuaScript.BEAT,
					look.arguments(RedisKeys.bytes(this.id), RedisNode.number(300_000), RedisNode.number(300)));
		}

		void leave() {
			eval(LuaScript.LEAVE, RedisKeys.bytes(this.id), RedisNode.number(300_000));
		}

		private List<Object> eval(LuaScript script, byte[]... arguments) {
			List<String> command = new ArrayList<>(
					List.of("EVAL", new String(script.body(), StandardCharsets.UTF_8), "1", KEY));
			for (byte[] argument : arguments) {
				command.add(new String(argument, StandardCharsets.US_ASCII));
			}
			List<Object> reply = new ArrayList<>();
			((List<?>) redis(command.toArray(String[]::new)))
				.forEach((value) -> reply.add((value instanceof String text) ? RedisKeys.bytes(text) : value));
			return reply;
		}

		boolean isGone(Node other) {
			return this.sightings.isGone(other.id);
		}

	}

}
