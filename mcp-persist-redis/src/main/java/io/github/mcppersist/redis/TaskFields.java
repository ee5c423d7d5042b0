package io.github.mcppersist.redis;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;

/**
 * The fields of a task, in layout version 1.
 *
 * <pre>
 * o        ID of the node that owns it
 * p        whose it is, hashed, absent if it is nobody's
 * c        the tool that is called, absent of what is no task to its client
 * s        status, as the specification spells it
 * m        status message, absent if there is none
 * t        when it was created, in ms since 1970 by the clock of Redis
 * u        when it changed last, the same
 * l        time to live from t on, in ms
 * r        revision
 * e        tag of the call that created it, and then of the one that ended it
 * x        result or error, absent unless it has ended with one
 * w        IDs of the other nodes that watch it, each with a space behind
 * q:{key}  a request for input that is outstanding
 * a:{key}  an answer that its owner hasn't settled
 * d:{key}  1 for a request that is settled
 * z:{n}    outcome of the round n
 * k        how many requests there were, absent like the next two before the first one and
 *          after the end
 * n        how many of them are outstanding
 * b        how many bytes outstanding requests and answers have
 * </pre>
 */
final class TaskFields {

	private static final String OWNER = "o";

	private static final String PRINCIPAL = "p";

	private static final String TOOL = "c";

	private static final String STATUS = "s";

	private static final String STATUS_MESSAGE = "m";

	private static final String CREATED_AT = "t";

	private static final String UPDATED_AT = "u";

	private static final String TIME_TO_LIVE = "l";

	private static final String REVISION = "r";

	private static final String OUTCOME = "x";

	private static final String ASKED = "k";

	private static final String OUTSTANDING = "n";

	private static final String BYTES = "b";

	private static final String REQUEST = "q:";

	private static final String ANSWER = "a:";

	private static final String ROUND = "z:";

	private TaskFields() {
	}

	/**
	 * Return the fields of a new task that its owner knows.
	 * @param task the task
	 * @param timeToLive its time to live in ms
	 * @return each field, followed by its value
	 */
	static List<byte[]> of(NewTask task, long timeToLive) {
		List<byte[]> fields = new ArrayList<>();
		add(fields, OWNER, task.owner());
		add(fields, PRINCIPAL, task.principal());
		add(fields, TOOL, task.tool());
		add(fields, STATUS, task.status().toString());
		add(fields, STATUS_MESSAGE, task.statusMessage());
		add(fields, TIME_TO_LIVE, Long.toString(timeToLive));
		Map<String, byte[]> requests = task.inputRequests();
		if (!requests.isEmpty()) {
			add(fields, ASKED, Integer.toString(requests.size()));
			add(fields, OUTSTANDING, Integer.toString(requests.size()));
			add(fields, BYTES, Long.toString(bytes(requests)));
		}
		requests.forEach((key, request) -> {
			fields.add(RedisKeys.text(REQUEST + key));
			fields.add(request);
		});
		return fields;
	}

	static long bytes(Map<String, byte[]> payloads) {
		return payloads.values().stream().mapToLong((payload) -> payload.length).sum();
	}

	private static void add(List<byte[]> fields, String field, @Nullable String value) {
		if (value != null) {
			fields.add(RedisKeys.text(field));
			fields.add(RedisKeys.text(value));
		}
	}

	/**
	 * Return the task that has these fields. Those that this version doesn't know are
	 * passed over.
	 * @param taskId the task
	 * @param fields each field, followed by its value
	 * @return the task
	 */
	static TaskRecord parse(String taskId, List<Object> fields) {
		Map<String, byte[]> values = new HashMap<>();
		Map<String, byte[]> requests = new HashMap<>();
		Map<String, byte[]> answers = new HashMap<>();
		Map<Integer, byte[]> rounds = new HashMap<>();
		for (int i = 0; i + 1 < fields.size(); i += 2) {
			String field = SessionFields.text(fields.get(i));
			byte[] value = (byte[]) fields.get(i + 1);
			if (field.startsWith(REQUEST)) {
				requests.put(field.substring(REQUEST.length()), value);
			}
			else if (field.startsWith(ANSWER)) {
				answers.put(field.substring(ANSWER.length()), value);
			}
			else if (field.startsWith(ROUND)) {
				rounds.put(Integer.valueOf(field.substring(ROUND.length())), value);
			}
			else {
				values.put(field, value);
			}
		}
		return new TaskRecord(taskId, required(values, OWNER), optional(values, PRINCIPAL),
				TaskStatus.parse(required(values, STATUS)), optional(values, STATUS_MESSAGE),
				Instant.ofEpochMilli(number(values, CREATED_AT)), Instant.ofEpochMilli(number(values, UPDATED_AT)),
				Duration.ofMillis(number(values, TIME_TO_LIVE)), requests, answers, rounds, values.get(OUTCOME),
				new Revision(number(values, REVISION)));
	}

	/**
	 * Return the fields that say what is known of a task but for what its client and its
	 * tool tell each other.
	 * @return the fields
	 */
	static byte[][] described() {
		return Stream
			.of(OWNER, PRINCIPAL, TOOL, STATUS, STATUS_MESSAGE, OUTSTANDING, CREATED_AT, UPDATED_AT, TIME_TO_LIVE)
			.map(RedisKeys::text)
			.toArray(byte[][]::new);
	}

	/**
	 * Return what is known of the task that has these fields.
	 * @param taskId the task
	 * @param now the time in ms since 1970 by the clock of Redis
	 * @param fields those of the described fields that there are, each followed by its
	 * value
	 * @return what is known
	 */
	static StoredTask describe(String taskId, long now, List<Object> fields) {
		Map<String, byte[]> values = new HashMap<>();
		for (int i = 0; i + 1 < fields.size(); i += 2) {
			values.put(SessionFields.text(fields.get(i)), (byte[]) fields.get(i + 1));
		}
		String outstanding = optional(values, OUTSTANDING);
		long createdAt = number(values, CREATED_AT);
		return new StoredTask(taskId, required(values, OWNER), optional(values, PRINCIPAL), optional(values, TOOL),
				TaskStatus.parse(required(values, STATUS)), optional(values, STATUS_MESSAGE),
				(outstanding != null) ? Integer.parseInt(outstanding) : 0, since(createdAt, now),
				since(number(values, UPDATED_AT), now), since(now, createdAt + number(values, TIME_TO_LIVE)));
	}

	private static Duration since(long from, long to) {
		return Duration.ofMillis(Math.max(0, to - from));
	}

	private static long number(Map<String, byte[]> values, String field) {
		return Long.parseLong(required(values, field));
	}

	private static String required(Map<String, byte[]> values, String field) {
		String value = optional(values, field);
		if (value == null) {
			throw new IllegalStateException("A task in Redis lacks the field " + field);
		}
		return value;
	}

	private static @Nullable String optional(Map<String, byte[]> values, String field) {
		byte[] value = values.get(field);
		return (value != null) ? SessionFields.text(value) : null;
	}

}
