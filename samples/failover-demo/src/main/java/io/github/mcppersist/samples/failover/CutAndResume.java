package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Calls the tool on instance A, cuts the connection in the middle, lets the tool go on
 * with nobody listening, resumes on instance B, and tells what came where.
 */
final class CutAndResume implements Callable<List<String>> {

	private static final int N = 20;

	private static final int CUT_AFTER = 7;

	private static final int AWAY_MS = 1000;

	private final McpHttpClient client;

	private final ServerProcess a;

	private final ServerProcess b;

	private final PrintStream out;

	CutAndResume(McpHttpClient client, ServerProcess a, ServerProcess b, PrintStream out) {
		this.client = client;
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
		CountCall call = new CountCall(this.client, timeline, N);
		Delivery delivery = call.delivery();

		String lastEventId;
		try (SseConnection connection = call.start(this.a)) {
			call.receive(connection, CUT_AFTER);
			lastEventId = connection.lastEventId();
		}
		call.say("CUT by the client, in the middle of the call; the tool doesn't notice");
		int before = delivery.notifications();
		boolean cutInTheMiddle = before == CUT_AFTER && !delivery.isFinished();

		TimeUnit.MILLISECONDS.sleep(AWAY_MS);
		timeline.say("", "(nobody is connected)");

		try (SseConnection connection = call.resume(this.b, lastEventId)) {
			call.receiveAll(connection);
		}

		List<String> problems = new ArrayList<>(delivery.problems(N));
		if (!cutInTheMiddle) {
			problems.add("the connection to A was not cut in the middle of the call");
		}
		if (problems.isEmpty()) {
			this.out.printf(
					"%nOK: %d notifications from A, %d and the result from B: 1 to %d, each once and in order.%n",
					before, delivery.notifications() - before, N);
		}
		return problems;
	}

}
