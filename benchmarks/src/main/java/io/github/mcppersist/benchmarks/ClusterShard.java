package io.github.mcppersist.benchmarks;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * What one primary of a Cluster has done.
 *
 * @param seconds when it was asked, or how long that took
 * @param events how many events it has appended
 * @param processorSeconds how much processor time it has used
 */
record ClusterShard(double seconds, double events, double processorSeconds) {

	static ClusterShard of(RedisServer redis) {
		String info = (String) redis.cli("INFO", "everything");
		return new ClusterShard(System.nanoTime() / 1e9, RedisUsage.number(info, "cmdstat_rpushx:calls"),
				RedisUsage.number(info, "used_cpu_user") + RedisUsage.number(info, "used_cpu_sys"));
	}

	ClusterShard since(ClusterShard before) {
		return new ClusterShard(this.seconds - before.seconds, this.events - before.events,
				this.processorSeconds - before.processorSeconds);
	}

	double eventsPerSecond() {
		return this.events / this.seconds;
	}

	double processors() {
		return this.processorSeconds / this.seconds;
	}

}
