package io.github.mcppersist.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The answers that were not removed yet, in the order in which they expire. It is owned
 * by {@link InMemorySessionStore} and used under its lock only.
 */
final class InMemoryAnswers {

	/**
	 * How many bytes all answers may take: beyond it the oldest go. Whoever waits for an
	 * answer removes it within moments, so that only what nobody waits for gathers here.
	 */
	static final long MAX_BYTES = 64 * 1024 * 1024;

	/**
	 * About what an answer takes beside its bytes.
	 */
	static final int ANSWER_OVERHEAD = 512;

	/**
	 * The oldest in front.
	 */
	private final Map<Key, Answer> answers = new LinkedHashMap<>();

	private final Map<String, Set<Key>> bySession = new HashMap<>();

	private long bytes;

	void add(String sessionId, String requestId, byte[] answer, long expiresAt) {
		Key key = new Key(sessionId, requestId);
		if (this.answers.putIfAbsent(key, new Answer(answer, expiresAt)) != null) {
			return;
		}
		this.bySession.computeIfAbsent(sessionId, (id) -> new HashSet<>()).add(key);
		this.bytes += ANSWER_OVERHEAD + answer.length;
		while (this.bytes > MAX_BYTES && this.answers.size() > 1) {
			remove(this.answers.keySet().iterator().next());
		}
	}

	byte @Nullable [] find(String sessionId, String requestId) {
		Answer answer = this.answers.get(new Key(sessionId, requestId));
		return (answer != null) ? answer.message() : null;
	}

	void remove(String sessionId, String requestId) {
		remove(new Key(sessionId, requestId));
	}

	void removeAll(String sessionId) {
		Set.copyOf(this.bySession.getOrDefault(sessionId, Set.of())).forEach(this::remove);
	}

	void expire(long now) {
		Iterator<Map.Entry<Key, Answer>> oldestFirst = this.answers.entrySet().iterator();
		List<Key> expired = new ArrayList<>();
		while (oldestFirst.hasNext()) {
			Map.Entry<Key, Answer> oldest = oldestFirst.next();
			if (oldest.getValue().expiresAt() > now) {
				break;
			}
			expired.add(oldest.getKey());
		}
		expired.forEach(this::remove);
	}

	private void remove(Key key) {
		Answer answer = this.answers.remove(key);
		if (answer != null) {
			this.bytes -= ANSWER_OVERHEAD + answer.message().length;
			this.bySession.computeIfPresent(key.sessionId(), (id, keys) -> {
				keys.remove(key);
				return keys.isEmpty() ? null : keys;
			});
		}
	}

	private record Key(String sessionId, String requestId) {
	}

	private record Answer(byte[] message, long expiresAt) {
	}

}
