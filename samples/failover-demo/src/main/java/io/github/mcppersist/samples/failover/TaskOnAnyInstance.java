package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import tools.jackson.databind.JsonNode;

/**
 * Calls the tool on instance A as a client that takes tasks, and asks instance B, as one
 * that has started anew and knows the task's ID alone.
 */
final class TaskOnAnyInstance implements Callable<List<String>> {

	private static final int N = 40;

	private final ServerProcess a;

	private final ServerProcess b;

	private final PrintStream out;

	TaskOnAnyInstance(ServerProcess a, ServerProcess b, PrintStream out) {
		this.a = a;
		this.b = b;
		this.out = out;
	}

	/**
	 * Run it.
	 * @return what went wrong; empty if all is well
	 */
	@Override
	public List<String> call() throws Exception {
		Timeline timeline = new Timeline(this.out);
		TaskCall call = new TaskCall(timeline, N);

		call.start(this.a);
		timeline.say("", "(the client has gone, and another one has the task's ID)");
		JsonNode onB = call.follow(this.b);
		JsonNode onA = call.look(this.a);

		List<String> problems = new ArrayList<>(call.problems(onB));
		problems.addAll(call.problems(onA));
		if (call.messages().isEmpty()) {
			problems.add("B did not tell how far the tool was");
		}
		if (problems.isEmpty()) {
			this.out.printf("%nOK: B knew how far the tool on A was, and both have its result.%n");
		}
		return problems;
	}

}
