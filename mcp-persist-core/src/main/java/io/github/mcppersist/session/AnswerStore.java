package io.github.mcppersist.session;

import java.util.Collection;
import java.util.Map;

import reactor.core.publisher.Mono;

/**
 * Keeps clients' answers to requests of the server, for a client may post its answer to
 * any node, and another one may wait for it. {@link SessionStore}, which is one, says
 * what holds for every call.
 * <p>
 * The session need not be stored. An answer is kept until it is removed, its session is
 * deleted, or a time of the store's own choice is over: whoever waits for it takes it as
 * soon as it can.
 */
public interface AnswerStore {

	/**
	 * How many characters the ID of a server's request may have.
	 */
	int MAX_REQUEST_ID_LENGTH = 64;

	/**
	 * How many answers of a session are kept at most. Whoever waits takes them at once;
	 * more are a client's mischief.
	 */
	int MAX_ANSWERS = 1000;

	/**
	 * How many bytes the answers of a session take at most, if there is more than one.
	 */
	long MAX_ANSWER_BYTES = 32 * 1024 * 1024;

	/**
	 * Refuse what can't be the ID of a server's request.
	 * @param requestId the ID that a caller has given
	 * @throws IllegalArgumentException if it doesn't fit the grammar
	 */
	static void requireRequestId(String requestId) {
		if (!requestId.matches("[0-9A-Za-z._-]{1," + MAX_REQUEST_ID_LENGTH + "}")) {
			throw new IllegalArgumentException("Not the ID of a server's request. It must be 1 to "
					+ MAX_REQUEST_ID_LENGTH + " characters out of A-Z a-z 0-9 . _ -");
		}
	}

	/**
	 * Keep a client's answer to a server's request for the node that waits for it. Of two
	 * answers to one request the first is kept, until it is removed or expires.
	 * @param sessionName the session
	 * @param requestId the ID of the server's request, 1 to
	 * {@value #MAX_REQUEST_ID_LENGTH} characters out of {@code A-Z a-z 0-9 . _ -}
	 * @param answer the JSON-RPC response as UTF-8 JSON
	 * @return completes when it is kept; fails with
	 * {@link SessionAlreadyDeletedException}, or with
	 * {@link SessionStoreUnavailableException} if more than {@value #MAX_ANSWERS} answers
	 * of the session would wait to be removed, or more than {@value #MAX_ANSWER_BYTES}
	 * bytes of them
	 */
	Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer);

	/**
	 * Find the answers to some requests.
	 * @param sessionName the session
	 * @param requestIds the IDs of the requests
	 * @return the answers that are there, by the ID of their request
	 */
	Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds);

	/**
	 * Remove the answers to some requests, since they have reached whoever waited.
	 * @param sessionName the session
	 * @param requestIds the IDs of the requests
	 * @return completes when they are removed
	 */
	Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds);

}
