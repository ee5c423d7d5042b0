package io.github.mcppersist.task;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Which calls of tools become tasks, how long these are kept, and how many there may be.
 * Immutable.
 */
public final class TaskOptions {

	/**
	 * How long the least time may be that tasks are kept: a year.
	 */
	public static final Duration MAX_TIME_TO_LIVE = Duration.ofDays(365);

	private final TaskPolicy when;

	private final Map<String, TaskPolicy> tools;

	private final Duration after;

	private final Duration timeToLive;

	private final Duration pollInterval;

	private final int maxTasks;

	private final int maxTasksPerPrincipal;

	private TaskOptions(Builder builder) {
		this.when = builder.when;
		this.tools = Map.copyOf(builder.tools);
		this.after = builder.after;
		this.timeToLive = builder.timeToLive;
		this.pollInterval = builder.pollInterval;
		this.maxTasks = builder.maxTasks;
		this.maxTasksPerPrincipal = builder.maxTasksPerPrincipal;
	}

	/**
	 * Return the defaults.
	 * @return options as a new {@link #builder()} builds them
	 */
	public static TaskOptions defaults() {
		return builder().build();
	}

	/**
	 * Return a builder that starts from the defaults.
	 * @return the builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	/**
	 * Say whether calls can become tasks here at all. If not, clients aren't told of the
	 * extension, and get at the tasks that other nodes have made nevertheless.
	 * @return whether the calls of some tool may become tasks
	 */
	public boolean isServed() {
		return this.when != TaskPolicy.NEVER
				|| this.tools.values().stream().anyMatch((policy) -> policy != TaskPolicy.NEVER);
	}

	/**
	 * Return when the calls of a tool become tasks.
	 * @param tool the tool's name
	 * @return its own policy, or that of all tools
	 */
	public TaskPolicy policy(String tool) {
		return this.tools.getOrDefault(tool, this.when);
	}

	/**
	 * Return how long a call may run before it becomes a task, if that is its policy.
	 * @return a positive duration
	 */
	public Duration after() {
		return this.after;
	}

	/**
	 * Return how long a task is kept at least.
	 * @return a positive duration
	 */
	public Duration timeToLive() {
		return this.timeToLive;
	}

	/**
	 * Return how often clients are to ask for the state of a task.
	 * @return a positive duration
	 */
	public Duration pollInterval() {
		return this.pollInterval;
	}

	/**
	 * Return how many tasks may run on a node.
	 * @return how many, or 0
	 */
	public int maxTasks() {
		return this.maxTasks;
	}

	/**
	 * Return how many of these one principal may have.
	 * @return how many, or 0
	 */
	public int maxTasksPerPrincipal() {
		return this.maxTasksPerPrincipal;
	}

	/**
	 * Builds {@link TaskOptions}. Each setter refuses a value that can't work with an
	 * {@link IllegalArgumentException} that names it.
	 */
	public static final class Builder {

		private TaskPolicy when = TaskPolicy.AFTER;

		private final Map<String, TaskPolicy> tools = new LinkedHashMap<>();

		private Duration after = Duration.ofSeconds(5);

		private Duration timeToLive = Duration.ofHours(1);

		private Duration pollInterval = Duration.ofSeconds(1);

		private int maxTasks = 250;

		private int maxTasksPerPrincipal = 100;

		private Builder() {
		}

		/**
		 * Set when calls become tasks.
		 * @param when {@link TaskPolicy#AFTER} by default
		 * @return this builder
		 */
		public Builder when(TaskPolicy when) {
			this.when = Objects.requireNonNull(when, "when must not be null");
			return this;
		}

		/**
		 * Set when the calls of one tool become tasks, whatever is set for all.
		 * @param name the tool's name
		 * @param when its policy
		 * @return this builder
		 */
		public Builder tool(String name, TaskPolicy when) {
			this.tools.put(Objects.requireNonNull(name, "name must not be null"),
					Objects.requireNonNull(when, "when must not be null"));
			return this;
		}

		/**
		 * Set how long a call may run before it becomes a task by
		 * {@link TaskPolicy#AFTER}. Until then its client sees progress and log messages
		 * on its connection; of a task it sees its state.
		 * @param after five seconds by default
		 * @return this builder
		 */
		public Builder after(Duration after) {
			this.after = positive("after", after);
			return this;
		}

		/**
		 * Set how long a task is kept at least, from its creation on: while it runs, and
		 * afterwards for its client to fetch what has come of it. A task that runs for
		 * longer is kept for longer. A task that waits for its client's input for as long
		 * as that is cancelled.
		 * @param timeToLive one hour by default, and at most {@link #MAX_TIME_TO_LIVE}
		 * @return this builder
		 */
		public Builder timeToLive(Duration timeToLive) {
			if (timeToLive.compareTo(MAX_TIME_TO_LIVE) > 0) {
				throw new IllegalArgumentException("timeToLive must be at most a year, but is " + timeToLive);
			}
			this.timeToLive = positive("timeToLive", timeToLive);
			return this;
		}

		/**
		 * Set how often clients are to ask for the state of a task. Those that ask much
		 * more often are answered with 429.
		 * @param pollInterval one second by default
		 * @return this builder
		 */
		public Builder pollInterval(Duration pollInterval) {
			this.pollInterval = positive("pollInterval", pollInterval);
			return this;
		}

		/**
		 * Set how many tasks of this node may not be over yet. A call that would be one
		 * more stays on its connection, or is refused with 503 if it
		 * {@linkplain TaskPolicy#REQUIRED must} be a task.
		 * @param maxTasks 250 by default: each may hold a thread, and there are 500 for
		 * tools unless they are virtual
		 * @return this builder
		 */
		public Builder maxTasks(int maxTasks) {
			this.maxTasks = notNegative("maxTasks", maxTasks);
			return this;
		}

		/**
		 * Set how many of these may be one principal's, so that it doesn't keep all
		 * others out. Clients that nobody has authenticated can't be told from each
		 * other: they aren't bounded by this, but get no further place beyond three
		 * quarters of all once there are others.
		 * @param maxTasksPerPrincipal 100 by default
		 * @return this builder
		 */
		public Builder maxTasksPerPrincipal(int maxTasksPerPrincipal) {
			this.maxTasksPerPrincipal = notNegative("maxTasksPerPrincipal", maxTasksPerPrincipal);
			return this;
		}

		private static Duration positive(String name, Duration value) {
			if (value.toMillis() < 1) {
				throw new IllegalArgumentException(name + " must be at least a millisecond, but is " + value);
			}
			return value;
		}

		private static int notNegative(String name, int value) {
			if (value < 0) {
				throw new IllegalArgumentException(name + " must not be negative, but is " + value);
			}
			return value;
		}

		/**
		 * Build the options.
		 * @return the options
		 */
		public TaskOptions build() {
			return new TaskOptions(this);
		}

	}

}
