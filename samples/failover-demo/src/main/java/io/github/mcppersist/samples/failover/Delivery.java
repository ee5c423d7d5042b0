package io.github.mcppersist.samples.failover;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a client received for one call of {@code count}, on however many connections, and
 * the judgement on it.
 */
final class Delivery {

	private static final JsonMapper JSON = JsonMapper.shared();

	private final List<String> notifications = new ArrayList<>();

	private final List<String> results = new ArrayList<>();

	private final List<String> errors = new ArrayList<>();

	private final List<String> problems = new ArrayList<>();

	private final Set<String> eventIds = new HashSet<>();

	private final int requestId;

	Delivery(int requestId) {
		this.requestId = requestId;
	}

	/**
	 * Add an event, in the order of arrival.
	 * @param event the event
	 * @return the event in words
	 */
	String add(SseEvent event) {
		if (event.data().isEmpty()) {
			return "(an ID to resume from)";
		}
		if (event.id() == null) {
			this.problems.add("an event without an ID: " + event.data());
		}
		else if (!this.eventIds.add(event.id())) {
			this.problems.add("event " + event.id() + " came twice");
		}
		JsonNode message = JSON.readTree(event.data());
		if (message.path("method").asString("").equals("notifications/message")) {
			if (isFinished()) {
				this.problems.add("an event after the result: " + event.data());
			}
			String data = message.at("/params/data").asString("");
			this.notifications.add(data);
			return "notification " + data;
		}
		if (message.path("id").asInt(0) != this.requestId) {
			this.problems.add("an answer to another request than " + this.requestId + ": " + event.data());
		}
		if (message.has("error")) {
			this.errors.add(event.data());
			return "error %s: %s".formatted(message.at("/error/code"), message.at("/error/message").asString(""));
		}
		String text = message.at("/result/content/0/text").asString(event.data());
		this.results.add(text);
		return "result: " + text;
	}

	int notifications() {
		return this.notifications.size();
	}

	boolean isFinished() {
		return !this.results.isEmpty() || !this.errors.isEmpty();
	}

	/**
	 * Compare what came with what {@code count} sends.
	 * @param n how far the tool counted
	 * @return what is wrong, in words; empty if the notifications 1 to {@code n} came
	 * once and in order, and after them the result
	 */
	List<String> problems(int n) {
		List<String> found = new ArrayList<>(this.problems);
		if (!this.notifications.equals(upTo(n))) {
			found.add("expected the notifications 1 to " + n + ", but got " + this.notifications);
		}
		if (!this.results.equals(List.of("counted " + n)) || !this.errors.isEmpty()) {
			found.add("expected one result, counted " + n + ", but got " + answers());
		}
		return found;
	}

	/**
	 * Compare what came with what is left of a call whose tool ended before it was done.
	 * @param n how far the tool would have counted
	 * @return what is wrong, in words; empty if the first notifications came once and in
	 * order, and after them an error and no result
	 */
	List<String> problemsOfUnfinished(int n) {
		List<String> found = new ArrayList<>(this.problems);
		int sent = this.notifications.size();
		if (sent == 0 || sent >= n || !this.notifications.equals(upTo(sent))) {
			found.add("expected the first few notifications of " + n + ", but got " + this.notifications);
		}
		if (this.errors.size() != 1 || !this.results.isEmpty()) {
			found.add("expected one error and no result, but got " + answers());
		}
		return found;
	}

	private List<String> answers() {
		return Stream.concat(this.results.stream(), this.errors.stream()).toList();
	}

	private static List<String> upTo(int n) {
		return IntStream.rangeClosed(1, n).mapToObj(Integer::toString).toList();
	}

}
