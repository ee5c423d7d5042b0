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

	private final Map<String, OfSession> bySession = new HashMap<>();

	private long bytes;

	void add(String sessionName, String requestId, byte[] answer, long expiresAt) {
		Key key = new Key(sessionName, requestId);
		if (this.answers.containsKey(key)) {
			return;
		}
		OfSession ofSession = this.bySession.getOrDefault(sessionName, new OfSession());
		if (!ofSession.hasRoomFor(answer)) {
			throw new SessionStoreUnavailableException("Too many answers of a session wait to be taken");
		}
		this.bySession.put(sessionName, ofSession);
		this.answers.put(key, new Answer(answer, expiresAt));
		ofSession.keys.add(key);
		ofSession.bytes += answer.length;
		this.bytes += ANSWER_OVERHEAD + answer.length;
		while (this.bytes > MAX_BYTES && this.answers.size() > 1) {
			remove(this.answers.keySet().iterator().next());
		}
	}

	byte @Nullable [] find(String sessionName, String requestId) {
		Answer answer = this.answers.get(new Key(sessionName, requestId));
		return (answer != null) ? answer.message() : null;
	}

	void remove(String sessionName, String requestId) {
		remove(new Key(sessionName, requestId));
	}

	void removeAll(String sessionName) {
		OfSession ofSession = this.bySession.get(sessionName);
		if (ofSession != null) {
			Set.copyOf(ofSession.keys).forEach(this::remove);
		}
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
			this.bySession.computeIfPresent(key.sessionName(), (id, ofSession) -> {
				ofSession.keys.remove(key);
				ofSession.bytes -= answer.message().length;
				return ofSession.keys.isEmpty() ? null : ofSession;
			});
		}
	}

	private static final class OfSession {

		private final Set<Key> keys = new HashSet<>();

		private long bytes;

		boolean hasRoomFor(byte[] answer) {
			return this.keys.isEmpty() || (this.keys.size() < AnswerStore.MAX_ANSWERS
					&& this.bytes + answer.length <= AnswerStore.MAX_ANSWER_BYTES);
		}

	}

	private record Key(String sessionName, String requestId) {
	}

	private record Answer(byte[] message, long expiresAt) {
	}

}
