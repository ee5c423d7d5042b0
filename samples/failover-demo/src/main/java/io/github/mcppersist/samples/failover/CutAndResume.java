package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Calls the tool on connection A, cuts A in the middle, lets the tool go on with nobody
 * listening, resumes on connection B, and tells what came where.
 */
final class CutAndResume implements Callable<List<String>> {

	private static final int N = 20;

	private static final int INTERVAL_MS = 150;

	private static final int CUT_AFTER = 7;

	private static final int AWAY_MS = 1000;

	private final URI endpoint;

	private final PrintStream out;

	private final Delivery delivery = new Delivery();

	private long start;

	CutAndResume(URI endpoint, PrintStream out) {
		this.endpoint = endpoint;
		this.out = out;
	}

	/**
	 * Run it.
	 * @return what went wrong; empty if all is well
	 */
	@Override
	public List<String> call() throws IOException, InterruptedException {
		McpHttpClient client = McpHttpClient.connect(this.endpoint);
		this.out.printf("Session  %s, protocol version %s%n%n", client.sessionId(), McpHttpClient.PROTOCOL_VERSION);
		this.out.printf("Calling the tool count: %d notifications, %d ms apart, then the result.%n%n", N, INTERVAL_MS);
		this.start = System.nanoTime();

		String lastEventId;
		try (SseConnection connection = client.callCount(N, INTERVAL_MS)) {
			say("A", "opened by POST tools/call");
			receive("A", connection, CUT_AFTER);
			lastEventId = connection.lastEventId();
		}
		say("A", "CUT by the client, in the middle of the call; the tool doesn't notice");
		int before = this.delivery.notifications();
		boolean cutInTheMiddle = before == CUT_AFTER && !this.delivery.isFinished();

		TimeUnit.MILLISECONDS.sleep(AWAY_MS);
		say("", "(nobody is connected)");

		try (SseConnection connection = client.resume(lastEventId)) {
			say("B", "opened by GET, Last-Event-ID: " + lastEventId);
			receive("B", connection, Integer.MAX_VALUE);
		}
		say("B", "closed by the server: the stream is complete");

		List<String> problems = new ArrayList<>(this.delivery.problems(N));
		if (!cutInTheMiddle) {
			problems.add("connection A was not cut in the middle of the call");
		}
		if (problems.isEmpty()) {
			this.out.printf("%nOK: %d notifications on A, %d and the result on B: 1 to %d, each once and in order.%n",
					before, this.delivery.notifications() - before, N);
		}
		return problems;
	}

	private void receive(String name, SseConnection connection, int atMost) throws IOException {
		while (this.delivery.notifications() < atMost) {
			SseEvent event = connection.next();
			if (event == null) {
				return;
			}
			String message = this.delivery.add(event);
			say(name, "%-40s %s".formatted("id " + event.id(), message));
		}
	}

	private void say(String name, String what) {
		double seconds = (System.nanoTime() - this.start) / 1e9;
		this.out.printf(Locale.ROOT, "%6.2f s  %-1s  %s%n", seconds, name, what);
	}

}
