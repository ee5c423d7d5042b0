package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.time.Duration;

/**
 * One call of the tool {@code count} as its client sees it, on however many connections
 * and instances. Tells what arrives where.
 */
final class CountCall {

	private static final int INTERVAL_MS = 150;

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final McpHttpClient client;

	private final Timeline timeline;

	private final int n;

	private final int requestId;

	private final Delivery delivery;

	private String instance = "";

	CountCall(McpHttpClient client, Timeline timeline, int n) {
		this.client = client;
		this.timeline = timeline;
		this.n = n;
		this.requestId = client.nextRequestId();
		this.delivery = new Delivery(this.requestId);
	}

	/**
	 * Make the call.
	 * @param server the instance that is to run the tool
	 * @return the connection on which the answer comes
	 */
	SseConnection start(ServerProcess server) throws IOException, InterruptedException {
		this.instance = server.name();
		say("POST tools/call: count to %d, one every %d ms".formatted(this.n, INTERVAL_MS));
		return this.client.callCount(server.endpoint(), this.requestId, this.n, INTERVAL_MS);
	}

	/**
	 * Come back for what was missed.
	 * @param server the instance to ask, which needn't be the one that runs the tool
	 * @param lastEventId the ID of the last event that arrived
	 * @return the connection on which the rest comes
	 */
	SseConnection resume(ServerProcess server, String lastEventId) throws IOException, InterruptedException {
		this.instance = server.name();
		say("GET with Last-Event-ID: " + lastEventId);
		return this.client.resume(server.endpoint(), lastEventId);
	}

	/**
	 * Receive until so many notifications came in all.
	 * @param connection the connection to read
	 * @param notifications how many notifications
	 */
	void receive(SseConnection connection, int notifications) throws Exception {
		receive(connection, notifications, LIMIT);
	}

	/**
	 * Receive until the server closes the connection.
	 * @param connection the connection to read
	 * @param limit how long that may take
	 */
	void receiveAll(SseConnection connection, Duration limit) throws Exception {
		receive(connection, Integer.MAX_VALUE, limit);
		say("closed by the server: the stream is complete");
	}

	void receiveAll(SseConnection connection) throws Exception {
		receiveAll(connection, LIMIT);
	}

	/**
	 * Receive what is under way yet from an instance that was killed.
	 * @param connection the connection to read
	 */
	void receiveUntilItBreaks(SseConnection connection) throws Exception {
		try {
			receive(connection, Integer.MAX_VALUE, LIMIT);
		}
		catch (IOException ex) {
			// That is what a client sees of it
		}
		say("the connection broke");
	}

	void say(String what) {
		this.timeline.say(this.instance, what);
	}

	Delivery delivery() {
		return this.delivery;
	}

	private void receive(SseConnection connection, int notifications, Duration limit) throws Exception {
		TimeLimit.within(limit, "receiving from instance " + this.instance, () -> {
			while (this.delivery.notifications() < notifications) {
				SseEvent event = connection.next();
				if (event == null) {
					return this.delivery;
				}
				say("%-40s %s".formatted("id " + event.id(), this.delivery.add(event)));
			}
			return this.delivery;
		});
	}

}
