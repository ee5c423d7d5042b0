package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionRecord;

/**
 * The fields of a session's record, in layout version 1.
 *
 * <pre>
 * i        parameters of the initialize request, JSON
 * v        negotiated protocol version
 * p        name of the owner, absent if there is none
 * n        name of the MCP server, absent in what was stored before there was this field
 * l        log level, absent if none was set
 * c        last event of the standalone stream that was sent, absent if there is none
 * b        1 if the client is known to come back to the streams of its requests
 * r        revision
 * t        when it was stored, in ms since 1970 by the clock of Redis
 * w        ID of the node that stored it or put off its expiry last
 * s:{uri}  a subscription; the value is empty
 * </pre>
 */
final class SessionFields {

	private static final String INITIALIZE_REQUEST = "i";

	private static final String PROTOCOL_VERSION = "v";

	private static final String OWNER = "p";

	private static final String SERVER = "n";

	private static final String LOG_LEVEL = "l";

	private static final String STANDALONE_CURSOR = "c";

	private static final String RESUMING = "b";

	private static final String YES = "1";

	private static final String REVISION = "r";

	private static final String SUBSCRIPTION = "s:";

	private SessionFields() {
	}

	/**
	 * Return the fields that make a record but for the subscriptions, of which there may
	 * be many.
	 * @return the names of the fields
	 */
	static byte[][] described() {
		return Stream.of(INITIALIZE_REQUEST, PROTOCOL_VERSION, OWNER, SERVER, REVISION)
			.map(RedisKeys::text)
			.toArray(byte[][]::new);
	}

	static byte[] logLevel() {
		return RedisKeys.text(LOG_LEVEL);
	}

	static byte[] resuming() {
		return RedisKeys.text(RESUMING);
	}

	static byte[] yes() {
		return RedisKeys.text(YES);
	}

	static byte[] subscription(String uri) {
		return RedisKeys.text(SUBSCRIPTION + uri);
	}

	/**
	 * Return the fields of a record.
	 * @param session the record
	 * @return each field, followed by its value
	 */
	static List<byte[]> of(SessionRecord session) {
		List<byte[]> fields = new ArrayList<>();
		add(fields, INITIALIZE_REQUEST, session.initializeRequest());
		add(fields, PROTOCOL_VERSION, session.protocolVersion());
		add(fields, OWNER, session.owner());
		add(fields, SERVER, session.server());
		add(fields, LOG_LEVEL, session.logLevel());
		EventId cursor = session.standaloneCursor();
		add(fields, STANDALONE_CURSOR, (cursor != null) ? cursor.toString() : null);
		add(fields, RESUMING, session.resuming() ? YES : null);
		add(fields, REVISION, session.revision().toString());
		session.subscriptions().forEach((uri) -> add(fields, SUBSCRIPTION + uri, ""));
		return fields;
	}

	private static void add(List<byte[]> fields, String field, @Nullable String value) {
		if (value != null) {
			fields.add(RedisKeys.text(field));
			fields.add(RedisKeys.text(value));
		}
	}

	/**
	 * Return the record that has these fields.
	 * @param sessionName the session
	 * @param fields each field, followed by its value
	 * @return the record
	 */
	static SessionRecord parse(String sessionName, List<Object> fields) {
		Map<String, String> values = new HashMap<>();
		Set<String> subscriptions = new HashSet<>();
		for (int i = 0; i + 1 < fields.size(); i += 2) {
			String field = text(fields.get(i));
			if (field.startsWith(SUBSCRIPTION)) {
				subscriptions.add(field.substring(SUBSCRIPTION.length()));
			}
			else {
				values.put(field, text(fields.get(i + 1)));
			}
		}
		String cursor = values.get(STANDALONE_CURSOR);
		return new SessionRecord(sessionName, required(values, INITIALIZE_REQUEST), required(values, PROTOCOL_VERSION),
				values.get(OWNER), values.get(SERVER), values.get(LOG_LEVEL), subscriptions,
				(cursor != null) ? EventId.parse(cursor) : null, YES.equals(values.get(RESUMING)),
				new Revision(Long.parseLong(required(values, REVISION))));
	}

	private static String required(Map<String, String> values, String field) {
		String value = values.get(field);
		if (value == null) {
			throw new IllegalStateException("The record of a session in Redis lacks the field " + field);
		}
		return value;
	}

	static String text(Object bytes) {
		return new String((byte[]) bytes, StandardCharsets.UTF_8);
	}

}
