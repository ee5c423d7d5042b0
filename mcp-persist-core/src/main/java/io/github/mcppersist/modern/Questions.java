package io.github.mcppersist.modern;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStore;

/**
 * What the handler of a call asks its client, by key, until it is answered, and which of
 * it the store knows. A key is asked once in a call's life. All state belongs to the
 * {@link Mailbox} of the call.
 */
final class Questions {

	/**
	 * So many bytes of answers that the handler has are left in the store, which counts
	 * them until they are settled.
	 */
	static final int MAX_ANSWERED_BYTES = 1024 * 1024;

	private final Mailbox mailbox;

	private final InputResponses given;

	private final Messages messages;

	private final Consumer<Runnable> handler;

	/**
	 * All keys that were ever asked.
	 */
	private final Set<String> keys = new HashSet<>();

	/**
	 * What isn't answered, in the order in which it was asked.
	 */
	private final Map<String, Question> open = new LinkedHashMap<>();

	/**
	 * The keys that the store knows of these.
	 */
	private final Set<String> stored = new HashSet<>();

	/**
	 * The keys whose answers the handler has, and that the store needn't keep any more,
	 * with the bytes that these have.
	 */
	private final Map<String, Integer> answered = new HashMap<>();

	/**
	 * Whether something is open; written in the mailbox, read anywhere.
	 */
	private volatile boolean outstanding;

	/**
	 * Create it.
	 * @param mailbox the call's
	 * @param given what the client has answered before it was asked
	 * @param messages read and write JSON
	 * @param handler runs what gives the handler an answer, where that may block
	 */
	Questions(Mailbox mailbox, InputResponses given, Messages messages, Consumer<Runnable> handler) {
		this.mailbox = mailbox;
		this.given = given;
		this.messages = messages;
		this.handler = handler;
	}

	/**
	 * Ask something, unless the client has answered that already.
	 * @param wanted by which key, if it is free; else that gets a number
	 * @param question what to ask
	 * @return whether it is to be asked
	 * @throws RefusedException if a call can't ask more than this one has, or what the
	 * client has answered can't be the answer: it is rejected then
	 */
	boolean ask(String wanted, Question question) {
		assert this.mailbox.isInside();
		if (this.keys.size() == TaskStore.MAX_INPUT_REQUESTS) {
			reject(question);
			throw new RefusedException(ParkedCall.TOO_LARGE);
		}
		String key = wanted;
		for (int i = 2; !this.keys.add(key); i++) {
			key = wanted + '-' + i;
		}
		byte[] known = known(key, question);
		if (known != null) {
			answer(question, known);
			return false;
		}
		this.open.put(key, question);
		this.outstanding = true;
		return true;
	}

	private byte @Nullable [] known(String key, Question question) {
		try {
			return this.given.to(Map.of(key, question.json()), this.messages).get(key);
		}
		catch (RefusedException ex) {
			reject(question);
			throw ex;
		}
	}

	/**
	 * Say whether the client is to be asked nothing.
	 * @return whether all that was asked is answered
	 */
	boolean isEmpty() {
		assert this.mailbox.isInside();
		return this.open.isEmpty();
	}

	/**
	 * Say whether the client is asked something. For metrics: on any thread.
	 * @return whether something is or was open a moment ago
	 */
	boolean isOutstanding() {
		return this.outstanding;
	}

	/**
	 * Say whether the answers that the handler has leave too little room in the store for
	 * others.
	 * @return whether the store is to drop them, though there is nothing else to tell it
	 */
	boolean isCrowded() {
		assert this.mailbox.isInside();
		return this.answered.values().stream().mapToInt(Integer::intValue).sum() > MAX_ANSWERED_BYTES;
	}

	/**
	 * Return what a round ends with now, and what the store is to be told of it.
	 * @return what is open, and what has changed since the last round
	 */
	Asked asked() {
		assert this.mailbox.isInside();
		Map<String, byte[]> all = new LinkedHashMap<>();
		Map<String, byte[]> added = new LinkedHashMap<>();
		this.open.forEach((key, question) -> {
			all.put(key, question.json());
			if (!this.stored.contains(key)) {
				added.put(key, question.json());
			}
		});
		return new Asked(all, added, Set.copyOf(this.answered.keySet()));
	}

	/**
	 * The store knows what a round has ended with.
	 * @param asked the same
	 */
	void stored(Asked asked) {
		assert this.mailbox.isInside();
		this.stored.addAll(asked.added().keySet());
		this.stored.removeAll(asked.settled());
		this.answered.keySet().removeAll(asked.settled());
	}

	/**
	 * Return what the store is to be told again: one that has failed over may have lost
	 * what was asked, or that it was answered.
	 * @param record what it has
	 * @param task whether the client sees in the store what is open; else what is
	 * answered is settled with the next round
	 * @return what is missing there, and what is there too much
	 */
	Asked lost(TaskRecord record, boolean task) {
		assert this.mailbox.isInside();
		Map<String, byte[]> missing = new LinkedHashMap<>();
		this.open.forEach((key, question) -> {
			if (this.stored.contains(key) && !record.inputRequests().containsKey(key)
					&& !record.answers().containsKey(key)) {
				missing.put(key, question.json());
			}
		});
		Set<String> settled = new HashSet<>(record.inputRequests().keySet());
		settled.addAll(record.answers().keySet());
		settled.removeAll(this.open.keySet());
		settled.removeIf((key) -> this.answered.containsKey(key) && !(task && record.inputRequests().containsKey(key)));
		return new Asked(Map.of(), missing, settled);
	}

	/**
	 * Give the handler what the client has answered.
	 * @param answers answers by key, as JSON; those that it was given before are passed
	 * over
	 * @return whether there was one that it was not
	 */
	boolean answer(Map<String, byte[]> answers) {
		assert this.mailbox.isInside();
		boolean any = false;
		for (Map.Entry<String, byte[]> answer : answers.entrySet()) {
			Question question = this.open.remove(answer.getKey());
			if (question != null) {
				any = true;
				this.answered.put(answer.getKey(), answer.getValue().length);
				answer(question, answer.getValue());
			}
		}
		this.outstanding = !this.open.isEmpty();
		return any;
	}

	private void answer(Question question, byte[] answer) {
		this.handler.accept(() -> question.answer(answer, this.messages));
	}

	/**
	 * Let the handler, or what goes on beside it, wait for nothing any more.
	 */
	void close() {
		assert this.mailbox.isInside();
		this.open.values().forEach(this::reject);
		this.open.clear();
		this.outstanding = false;
	}

	/**
	 * Let nobody wait for an answer, since the call is over.
	 * @param question what won't be asked
	 */
	void reject(Question question) {
		this.handler.accept(question::reject);
	}

	/**
	 * What a round ends with.
	 *
	 * @param all what the client is asked, by key, as JSON
	 * @param added what of it the store doesn't know yet
	 * @param settled what the store needn't keep any more
	 */
	record Asked(Map<String, byte[]> all, Map<String, byte[]> added, Set<String> settled) {

		boolean isChange() {
			return !this.added.isEmpty() || !this.settled.isEmpty();
		}

	}

}
