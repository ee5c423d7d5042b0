package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * One Redis and two instances, each of which can be taken away and brought back at any
 * time. Thread-safe.
 */
final class DemoCluster implements AutoCloseable {

	private static final List<String> NAMES = List.of("A", "B");

	private static final Duration START_LIMIT = Duration.ofMinutes(2);

	private final DemoRedis redis;

	private final List<String> instanceArguments;

	private final PrintStream out;

	private final Map<String, ServerProcess> processes = new LinkedHashMap<>();

	private final Map<String, Condition> conditions = new LinkedHashMap<>();

	private Condition redisCondition = Condition.UP;

	private int changes;

	private DemoCluster(DemoRedis redis, List<String> instanceArguments, PrintStream out) {
		this.redis = redis;
		this.instanceArguments = List.copyOf(instanceArguments);
		this.out = out;
		NAMES.forEach((name) -> this.conditions.put(name, Condition.DOWN));
	}

	/**
	 * Start both instances.
	 * @param redis where they keep what they share
	 * @param instanceArguments the options of each
	 * @param out where to print what they log
	 * @return the cluster, whose instances don't serve yet
	 * @throws IOException if a process can't be started
	 */
	static DemoCluster start(DemoRedis redis, List<String> instanceArguments, PrintStream out) throws IOException {
		DemoCluster cluster = new DemoCluster(redis, instanceArguments, out);
		for (String name : NAMES) {
			cluster.startInstance(name);
		}
		return cluster;
	}

	/**
	 * Start an instance that isn't there.
	 * @param name its name
	 * @throws IOException if the process can't be started
	 */
	synchronized void startInstance(String name) throws IOException {
		if (this.conditions.get(name) != Condition.DOWN) {
			return;
		}
		ServerProcess process = ServerProcess.start(name, this.instanceArguments, this.out);
		this.processes.put(name, process);
		change(name, Condition.STARTING);
		process.onReady(() -> changeIfCurrent(name, process, Condition.UP));
		process.onExit(() -> changeIfCurrent(name, process, Condition.DOWN));
	}

	/**
	 * Kill an instance with -9, and wait until it is gone.
	 * @param name its name
	 * @throws IOException if it doesn't go
	 * @throws InterruptedException if the thread was interrupted meanwhile
	 */
	void killInstance(String name) throws IOException, InterruptedException {
		ServerProcess process = process(name);
		if (process != null) {
			process.kill();
			changeIfCurrent(name, process, Condition.DOWN);
		}
	}

	/**
	 * Stop Redis. What it holds is on its disk, and there when it is started again.
	 * @throws IOException if it can't be stopped
	 */
	void stopRedis() throws IOException {
		if (changeRedis(Condition.UP, Condition.STOPPING)) {
			try {
				this.redis.stop();
				changeRedis(Condition.STOPPING, Condition.DOWN);
			}
			catch (IOException ex) {
				changeRedis(Condition.STOPPING, Condition.UP);
				throw ex;
			}
		}
	}

	void startRedis() throws IOException {
		if (changeRedis(Condition.DOWN, Condition.STARTING)) {
			try {
				this.redis.startAgain();
				tellOfSiblings();
				changeRedis(Condition.STARTING, Condition.UP);
			}
			catch (IOException ex) {
				changeRedis(Condition.STARTING, Condition.DOWN);
				throw ex;
			}
		}
	}

	void awaitReady() throws IOException, InterruptedException {
		for (String name : NAMES) {
			Objects.requireNonNull(process(name)).awaitReady(START_LIMIT);
		}
	}

	/**
	 * Find out who serves.
	 * @return the instances that do
	 */
	synchronized List<Backend> instances() {
		List<Backend> serving = new ArrayList<>();
		this.conditions.forEach((name, condition) -> {
			ServerProcess process = this.processes.get(name);
			if (process != null && condition == Condition.UP) {
				serving.add(new Backend(name, process.endpoint().getPort()));
			}
		});
		return serving;
	}

	/**
	 * Wait for a change.
	 * @param known the change up to which the caller knows
	 * @param limit how long to wait
	 * @return what is there now, changed or not
	 * @throws InterruptedException if the thread was interrupted meanwhile
	 */
	synchronized State await(int known, Duration limit) throws InterruptedException {
		long end = System.nanoTime() + limit.toNanos();
		for (long left = limit.toMillis(); this.changes == known && left > 0;) {
			wait(left);
			left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
		}
		Map<String, Instance> instances = new LinkedHashMap<>();
		this.conditions.forEach((name, condition) -> {
			ServerProcess process = this.processes.get(name);
			Long pid = (process != null && condition != Condition.DOWN) ? process.pid() : null;
			instances.put(name, new Instance(condition.text(), pid));
		});
		return new State(this.changes, instances, this.redis.isOwn() ? this.redisCondition.text() : null);
	}

	@Override
	public synchronized void close() {
		this.processes.values().forEach(ServerProcess::close);
	}

	private synchronized void tellOfSiblings() {
		this.processes.values().forEach(ServerProcess::tellOfSiblings);
	}

	private synchronized @Nullable ServerProcess process(String name) {
		return this.processes.get(name);
	}

	private synchronized void changeIfCurrent(String name, ServerProcess process, Condition condition) {
		if (this.processes.get(name) == process && this.conditions.get(name) != Condition.DOWN) {
			change(name, condition);
		}
	}

	private synchronized void change(String name, Condition condition) {
		this.conditions.put(name, condition);
		changed();
	}

	private synchronized boolean changeRedis(Condition from, Condition to) {
		if (this.redisCondition != from) {
			return false;
		}
		this.redisCondition = to;
		changed();
		return true;
	}

	private synchronized void changed() {
		this.changes++;
		notifyAll();
	}

	/**
	 * What the page is told.
	 *
	 * @param changes how often something has changed
	 * @param instances the instances by name
	 * @param redis the condition of Redis, or {@code null} if it isn't the demo's own
	 */
	record State(int changes, Map<String, Instance> instances, @Nullable String redis) {

	}

	/**
	 * An instance.
	 *
	 * @param condition its condition
	 * @param pid its process, or {@code null} if it has none
	 */
	record Instance(String condition, @Nullable Long pid) {

	}

	private enum Condition {

		STARTING("starting"), UP("up"), STOPPING("stopping"), DOWN("down");

		private final String text;

		Condition(String text) {
			this.text = text;
		}

		String text() {
			return this.text;
		}

	}

}
