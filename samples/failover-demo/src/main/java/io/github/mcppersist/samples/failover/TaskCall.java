package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One call of the tool {@code count} by a client of the current revision, which becomes a
 * task: from then on its client needs nothing but the task's ID, and may ask any
 * instance. Tells what it is told.
 */
final class TaskCall {

	static final String PROTOCOL_VERSION = "2026-07-28";

	private static final int INTERVAL_MS = 150;

	private static final int POLL_MS = 500;

	private static final Duration LIMIT = Duration.ofMinutes(1);

	private static final JsonMapper JSON = JsonMapper.shared();

	private final Timeline timeline;

	private final int n;

	private final List<String> messages = new ArrayList<>();

	private String taskId = "";

	TaskCall(Timeline timeline, int n) {
		this.timeline = timeline;
		this.n = n;
	}

	/**
	 * Make the call, and read until it has become a task.
	 * @param server the instance that is to run the tool
	 */
	void start(ServerProcess server) throws Exception {
		this.timeline.say(server.name(), "POST tools/call: count to %d, one every %d ms, for a client that takes tasks"
			.formatted(this.n, INTERVAL_MS));
		TimeLimit.within(LIMIT, "becoming a task", () -> {
			try (SseConnection connection = new SseConnection(send(server.endpoint(), "tools/call", "count", """
					"name":"count","arguments":{"n":%d,"intervalMs":%d}""".formatted(this.n, INTERVAL_MS)))) {
				this.taskId = taskId(connection);
			}
			return this.taskId;
		});
		this.timeline.say(server.name(), "the response: it is a task from now on, " + this.taskId);
	}

	private static String taskId(SseConnection connection) throws IOException {
		for (SseEvent event = connection.next(); event != null; event = connection.next()) {
			JsonNode message = JSON.readTree(event.data());
			if (message.has("result") || message.has("error")) {
				String id = message.at("/result/taskId").asString("");
				if (id.isEmpty()) {
					throw new IOException("The call has not become a task: " + message);
				}
				return id;
			}
		}
		throw new IOException("The connection ended before the response");
	}

	/**
	 * Ask for the task until it has ended. The client may be another process by now.
	 * @param server the instance to ask, which needn't be the one that runs the tool
	 * @param limit how long that may take
	 * @return the task as it ended
	 */
	JsonNode follow(ServerProcess server, Duration limit) throws Exception {
		return TimeLimit.within(limit, "the end of the task", () -> {
			JsonNode task = look(server);
			while (isWorking(task)) {
				TimeUnit.MILLISECONDS.sleep(POLL_MS);
				task = look(server);
			}
			return task;
		});
	}

	JsonNode follow(ServerProcess server) throws Exception {
		return follow(server, LIMIT);
	}

	/**
	 * Ask for the task once.
	 * @param server the instance to ask
	 * @return the task
	 */
	JsonNode look(ServerProcess server) throws IOException, InterruptedException {
		try (InputStream body = send(server.endpoint(), "tasks/get", this.taskId, """
				"taskId":"%s\"""".formatted(this.taskId))) {
			JsonNode response = JSON.readTree(body);
			JsonNode task = response.path("result");
			if (task.isMissingNode()) {
				throw new IOException("There is no such task: " + response);
			}
			String message = task.path("statusMessage").asString("");
			if (isWorking(task) && !message.isEmpty()) {
				this.messages.add(message);
			}
			String end = task.at("/result/content/0/text").asString(task.at("/error/message").asString(message));
			this.timeline.say(server.name(), "tasks/get: %-12s %s".formatted(status(task), end));
			return task;
		}
	}

	/**
	 * Return what was told of it while it ran.
	 * @return the status messages, in the order in which they came
	 */
	List<String> messages() {
		return this.messages;
	}

	/**
	 * Compare how it ended with what {@code count} returns.
	 * @param task the task as it ended
	 * @return what is wrong, in words; empty if it has the tool's result
	 */
	List<String> problems(JsonNode task) {
		boolean counted = task.at("/result/content/0/text").asString("").equals("counted " + this.n);
		return (status(task).equals("completed") && counted) ? List.of()
				: List.of("expected a task that is completed, and counted " + this.n + ", but got " + task);
	}

	static String status(JsonNode task) {
		return task.path("status").asString("");
	}

	private static boolean isWorking(JsonNode task) {
		return status(task).equals("working");
	}

	// Each time as a client that has just started
	private static InputStream send(URI endpoint, String method, String name, String params)
			throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(endpoint)
			.timeout(LIMIT)
			.header("Content-Type", "application/json")
			.header("Accept", "application/json, text/event-stream")
			.header("MCP-Protocol-Version", PROTOCOL_VERSION)
			.header("Mcp-Method", method)
			.header("Mcp-Name", name)
			.POST(BodyPublishers.ofString("""
					{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s,"_meta":{"progressToken":"count",\
					"io.modelcontextprotocol/protocolVersion":"%s",\
					"io.modelcontextprotocol/clientInfo":{"name":"failover-demo","version":"1"},\
					"io.modelcontextprotocol/clientCapabilities":\
					{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}}""".formatted(method, params,
					PROTOCOL_VERSION)))
			.build();
		HttpResponse<InputStream> response = HttpClient.newHttpClient().send(request, BodyHandlers.ofInputStream());
		if (response.statusCode() != 200) {
			try (InputStream body = response.body()) {
				throw new IOException("%s answered %d: %s".formatted(endpoint, response.statusCode(),
						new String(body.readNBytes(1000))));
			}
		}
		return response.body();
	}

}
