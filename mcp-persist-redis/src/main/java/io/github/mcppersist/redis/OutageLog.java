package io.github.mcppersist.redis;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is logged of an outage. That servers don't work is logged once when it begins,
 * once more for each other kind of reason, and once when it ends. What comes back within
 * a minute, for a reason that was logged, is counted, and logged once a minute. A refusal
 * is logged once a minute at most, and that it is over only if it was logged.
 * <p>
 * A driver that connects anew by itself lets calls wait until their time is up, and only
 * then is it found out why: so long the line waits. Not thread-safe.
 */
final class OutageLog {

	/**
	 * How long the line waits for its reason.
	 */
	static final long PATIENCE = 1_000_000_000L;

	/**
	 * How long what is refused again isn't logged again.
	 */
	static final long QUIET_AFTER_REFUSAL = 60_000_000_000L;

	/**
	 * The topics of servers that aren't reached.
	 */
	private static final Set<String> AWAY = Set.of(RedisFailure.Kind.CONNECTION.name(),
			RedisFailure.Kind.NO_ACCESS.name());

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private final Spell failing = new Spell();

	/**
	 * The reasons since it came for the first time.
	 */
	private final Set<String> topics = new HashSet<>();

	/**
	 * Those since it has come, or come back, for the last time.
	 */
	private final Set<String> latestTopics = new HashSet<>();

	/**
	 * What waits for its reason.
	 */
	private @Nullable String unexplained;

	/**
	 * Since when somebody can have looked for the reason, or 0 if nobody can yet: this
	 * process may be the slow one.
	 */
	private long unexplainedSince;

	private long loggedAt;

	/**
	 * How often it has come back without a line of its own.
	 */
	private int unlogged;

	/**
	 * Whether it has for the last time.
	 */
	private boolean counted;

	/**
	 * Why it has come back for the last time.
	 */
	private @Nullable String unloggedReason;

	/**
	 * Whether it is to be logged when it ends.
	 */
	private boolean endLogged;

	/**
	 * When what was refused was logged.
	 */
	private final Map<Object, Long> refusals = new HashMap<>();

	/**
	 * Whether a refusal was logged, and not yet that all are over.
	 */
	private boolean refusalLogged;

	/**
	 * A call failed, while some server doesn't work.
	 * @param at when that was asked for
	 * @param now the time
	 * @param failure why it doesn't
	 * @param reason the same, for people
	 */
	void failed(long at, long now, RedisFailure failure, String reason) {
		if (this.failing.met(at, now)) {
			if (this.failing.returns() == 0) {
				this.topics.clear();
			}
			this.latestTopics.clear();
			this.counted = false;
		}
		if (!failure.isUnexplained()) {
			explained(now, failure, reason);
		}
		else if (this.unexplained == null && AWAY.stream().noneMatch(this.latestTopics::contains)) {
			this.unexplained = reason;
			this.unexplainedSince = 0;
		}
	}

	/**
	 * It is known why a server doesn't work.
	 * @param now the time
	 * @param failure why it doesn't
	 * @param reason the same, for people
	 */
	void explained(long now, RedisFailure failure, String reason) {
		String topic = failure.topic();
		if (AWAY.contains(topic)) {
			this.unexplained = null;
		}
		log(now, topic, failure.kind(), reason);
	}

	private void log(long now, String topic, RedisFailure.Kind kind, String reason) {
		if (!this.latestTopics.add(topic)) {
			return;
		}
		if (!this.topics.add(topic)) {
			this.unlogged += this.counted ? 0 : 1;
			this.counted = true;
			this.unloggedReason = reason;
			return;
		}
		this.loggedAt = now;
		this.endLogged = true;
		logger.atWarn()
			.addKeyValue("mcp.outage.kind", kind)
			.log("Events aren't stored for now, and clients can't resume fully until they are. {}", reason);
	}

	/**
	 * All servers work.
	 * @param now the time
	 */
	void works(long now) {
		this.failing.calm(now);
	}

	/**
	 * Something is refused that wasn't, and will be again. Of all operations that meet
	 * one missing right, on all servers, the first is logged.
	 * @param refused what
	 * @param cause why
	 * @param now the time
	 */
	void refused(RedisHealth.Refused refused, RedisFailure cause, long now) {
		Operation own = refused.operation().isProbed() ? null : refused.operation();
		if (isToBeLogged(new Refusal(own, cause.refused()), now)) {
			this.refusalLogged = true;
			logger.atWarn()
				.addKeyValue("mcp.outage.kind", cause.kind())
				.log("Redis refuses {}, and will refuse it again: clients can't resume fully. {}", refused.operation(),
						cause.message());
		}
	}

	/**
	 * One call is refused, for its key or its size.
	 * @param refused which
	 * @param cause why
	 * @param now the time
	 */
	void callRefused(RedisHealth.Refused refused, RedisFailure cause, long now) {
		if (isToBeLogged(refused, now)) {
			logger.atWarn()
				.addKeyValue("mcp.outage.kind", cause.kind())
				.log("Redis refuses one call of {}, and others not. {}", refused.operation(), cause.message());
		}
	}

	private boolean isToBeLogged(Object topic, long now) {
		this.refusals.values().removeIf((logged) -> now - logged >= QUIET_AFTER_REFUSAL);
		return this.refusals.putIfAbsent(topic, now) == null;
	}

	/**
	 * Log what is due.
	 * @param now the time
	 * @param refused what is refused
	 */
	void tell(long now, Collection<RedisHealth.Refused> refused) {
		boolean ended = this.failing.end(now);
		String waiting = this.unexplained;
		// A line behind the end would have no end
		boolean due = ended || (this.unexplainedSince != 0 && now - this.unexplainedSince >= PATIENCE);
		if (waiting != null && due) {
			this.unexplained = null;
			log(now, RedisFailure.Kind.CONNECTION.name(), RedisFailure.Kind.CONNECTION, waiting);
		}
		else if (waiting != null && this.unexplainedSince == 0) {
			this.unexplainedSince = now;
		}
		if (ended && this.endLogged) {
			this.endLogged = false;
			logEnd(this.failing.nanos(now), refused);
		}
		if (this.unlogged > 0 && now - this.loggedAt >= Spell.MEMORY) {
			logger.atWarn()
				.addKeyValue("mcp.outage.times", this.unlogged)
				.log("Events were not stored again, {} times since this was logged: clients can't resume fully. {}",
						this.unlogged, this.unloggedReason);
			this.unlogged = 0;
			this.loggedAt = now;
			this.endLogged = this.failing.isLasting();
		}
	}

	/**
	 * All is over, refusals as well.
	 * @param nanos how long it has lasted
	 * @param refused what is refused again already
	 */
	void ended(long nanos, Collection<RedisHealth.Refused> refused) {
		if (this.refusalLogged) {
			logEnd(nanos, refused);
		}
	}

	private void logEnd(long nanos, Collection<RedisHealth.Refused> refused) {
		long millis = nanos / 1_000_000;
		if (refused.isEmpty()) {
			this.refusalLogged = false;
			logger.atInfo().addKeyValue("mcp.outage.ms", millis).log("Redis works again after {} ms", millis);
		}
		else {
			logger.atInfo()
				.addKeyValue("mcp.outage.ms", millis)
				.log("Redis works again after {} ms, but still refuses {}", millis, refused);
		}
	}

	/**
	 * What is refused, and to which operation, if that has a cause of its own.
	 */
	private record Refusal(@Nullable Operation operation, String what) {

	}

}
