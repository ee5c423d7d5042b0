package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/**
 * Calls the tool on instance A, in a session and as a task, kills A in the middle,
 * resumes on instance B, which knows that nobody will ever answer and says so, and goes
 * on with the same session on B.
 */
final class KillAndResume implements Callable<List<String>> {

	private static final int N = 20;

	private static final int N_OF_THE_TASK = 1000;

	private static final int KILL_AFTER = 7;

	private static final int N_AFTERWARDS = 3;

	private final McpHttpClient client;

	private final ServerProcess a;

	private final ServerProcess b;

	private final Duration errorLimit;

	private final PrintStream out;

	KillAndResume(McpHttpClient client, ServerProcess a, ServerProcess b, Duration errorLimit, PrintStream out) {
		this.client = client;
		this.a = a;
		this.b = b;
		this.errorLimit = errorLimit;
		this.out = out;
	}

	/**
	 * Run it.
	 * @return what went wrong; empty if all is well
	 */
	@Override
	public List<String> call() throws Exception {
		Timeline timeline = new Timeline(this.out);
		TaskCall task = new TaskCall(timeline, N_OF_THE_TASK);
		CountCall killed = new CountCall(this.client, timeline, N);

		task.start(this.a);
		double killedAt;
		String lastEventId;
		try (SseConnection connection = killed.start(this.a)) {
			killed.receive(connection, KILL_AFTER);
			killedAt = timeline.seconds();
			this.a.kill();
			killed.say("KILLED with -9: process " + this.a.pid() + " is gone, and with it both tools");
			killed.receiveUntilItBreaks(connection);
			lastEventId = connection.lastEventId();
		}
		try (SseConnection connection = killed.resume(this.b, lastEventId)) {
			killed.receiveAll(connection, this.errorLimit);
		}
		double waited = timeline.seconds() - killedAt;
		String taskEnded = TaskCall.status(task.follow(this.b, this.errorLimit));

		CountCall next = new CountCall(this.client, timeline, N_AFTERWARDS);
		try (SseConnection connection = next.start(this.b)) {
			next.receiveAll(connection);
		}

		List<String> problems = new ArrayList<>(killed.delivery().problemsOfUnfinished(N));
		problems.addAll(next.delivery().problems(N_AFTERWARDS));
		if (!taskEnded.equals("failed")) {
			problems.add("the task of the instance that was killed is " + taskEnded);
		}
		if (waited > this.errorLimit.toSeconds()) {
			problems.add("the error came only after %.1f s".formatted(waited));
		}
		if (problems.isEmpty()) {
			this.out.printf(Locale.ROOT,
					"%nOK: an error for the call that A took with it, %.1f s after its death, and its task has failed; and in"
							+ " the same session B counted to %d.%n",
					waited, N_AFTERWARDS);
		}
		return problems;
	}

}
