package io.github.mcppersist.redis;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.ClusterSlotHashUtil;

/**
 * Finds out whether each server does what the store needs: by a script that does all of
 * it, wherever nothing was written for a moment or something doesn't work, and every few
 * seconds in any case. Only the latter publishes where all is well. So a quiet store
 * notices an outage, and recovers from it, as a busy one does, and a missing right is
 * noticed before it is needed.
 */
final class RedisProbe implements Runnable {

	private static final int[] ONE_NAME = { 0 };

	private static final byte[][] NOT_PUBLISHED = {};

	/**
	 * So many probes in a row may meet a server that loads its data.
	 */
	private static final int MAX_LOADING = 1;

	private final RedisLink link;

	private final RedisCalls calls;

	private final RedisHealth health;

	private final RedisKeys keys;

	private final byte[] channel;

	/**
	 * How often each server said that it is loading its data.
	 */
	private final Map<String, Integer> passing = new ConcurrentHashMap<>();

	/**
	 * A key for each server that it held when that was last looked up.
	 */
	private final Map<String, byte[]> keyOf = new ConcurrentHashMap<>();

	RedisProbe(RedisLink link, RedisCalls calls, RedisKeys keys, byte[] channel) {
		this.link = link;
		this.calls = calls;
		this.health = calls.health();
		this.keys = keys;
		this.channel = channel;
	}

	@Override
	public void run() {
		this.health.unexplained().forEach(this::explain);
		for (RedisHealth.Due due : this.health.due(this.link.servers())) {
			String server = due.server();
			byte[] key = keyOf(server);
			if (key == null) {
				this.link.recover(server, () -> isAway(server));
				this.health.probed(server);
			}
			else {
				probe(server, new byte[][] { key }, due.full() ? new byte[][] { this.channel } : NOT_PUBLISHED);
			}
		}
		this.calls.stuckSlots().due().forEach(this::tryStuck);
		// Not when the last one has been tried: the refusal of a call that had waited may
		// come later
		this.calls.stuckSlots().ifNone(() -> this.health.done(Operation.STUCK_SLOT));
	}

	// By itself this would be known only once a probe has failed, and the next one
	private void explain(String server) {
		this.link.findReason(server);
		RedisFailure reason = this.link.unanswered(server, 0);
		if (!reason.isUnexplained()) {
			this.health.explained(server, reason);
		}
	}

	// Only a call of several keys meets that a slot is on its way
	private void tryStuck(int slot) {
		String name = this.keys.probe(Names.OF_SLOTS[slot]);
		byte[][] keys = { RedisKeys.bytes(name), RedisKeys.bytes(name + "2") };
		this.calls.<List<Object>>probe(LuaScript.PROBE.operation(), keys[0],
				(link, withBody) -> link.eval(LuaScript.PROBE, withBody, keys, NOT_PUBLISHED),
				(reply, failure) -> this.calls.stuckSlots().tried(slot, reply != null));
	}

	private void probe(String server, byte[][] keys, byte[][] arguments) {
		this.calls.<List<Object>>probe(LuaScript.PROBE.operation(), keys[0],
				(link, withBody) -> link.eval(LuaScript.PROBE, withBody, keys, arguments), (reply, failure) -> {
					RedisFailure reason = this.health.failure(server);
					if (reply != null) {
						this.passing.remove(server);
						this.health.proved(server);
					}
					else if (reason != null) {
						switch (reason.kind()) {
							case CONNECTION, NO_ACCESS -> this.link.recover(server, () -> isAway(server));
							case PASSING -> {
								// It answers through this connection, so another is no
								// better; but a node of a Cluster may have lost its
								// slots, and an address may lead elsewhere by now
								if (this.link.isCluster() || reason.isElsewhere() || isLoadingForLong(server, reason)) {
									this.link.lookElsewhere(LuaScript.PROBE, keys, arguments);
								}
							}
							case READ_ONLY -> this.link.lookElsewhere(LuaScript.PROBE, keys, arguments);
							case WRITES_REFUSED, SLOT, NOSCRIPT, REFUSED, CALL_REFUSED, UNKNOWN -> {
								// By whichever connection
							}
						}
					}
					this.health.probed(server);
				});
	}

	// By probes, each of which is patient
	private boolean isLoadingForLong(String server, RedisFailure reason) {
		return reason.isLoading() && this.passing.merge(server, 1, Integer::sum) > MAX_LOADING;
	}

	private boolean isAway(String server) {
		return this.health.state(server) == RedisHealth.State.AWAY;
	}

	private byte @Nullable [] keyOf(String server) {
		byte[] known = this.keyOf.get(server);
		if (known != null && this.link.server(known).equals(server)) {
			return known;
		}
		for (int number : this.link.isCluster() ? Names.OF_SLOTS : ONE_NAME) {
			byte[] key = RedisKeys.bytes(this.keys.probe(number));
			if (this.link.server(key).equals(server)) {
				this.keyOf.put(server, key);
				return key;
			}
		}
		// It holds no slots any more, or these have no server for now
		this.keyOf.remove(server);
		return null;
	}

	/**
	 * A number for each slot whose name is in it, found once, and only for a Cluster: a
	 * server may hold a single slot.
	 */
	static final class Names {

		static final int[] OF_SLOTS = ofSlots();

		private Names() {
		}

		private static int[] ofSlots() {
			int[] names = new int[ClusterSlotHashUtil.SLOT_COUNT];
			boolean[] found = new boolean[names.length];
			int missing = names.length;
			for (int number = 0; missing > 0; number++) {
				int slot = ClusterSlotHashUtil.calculateSlot("{" + number + "}");
				if (!found[slot]) {
					found[slot] = true;
					names[slot] = number;
					missing--;
				}
			}
			return names;
		}

	}

}
