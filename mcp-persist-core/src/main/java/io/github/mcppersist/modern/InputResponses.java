package io.github.mcppersist.modern;

import java.util.LinkedHashMap;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.ListRootsResult;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.task.TaskChange;

/**
 * What a client answers, by the keys that it was asked by. Immutable.
 *
 * @param answers the answers
 */
record InputResponses(Map<String, Map<?, ?>> answers) {

	/**
	 * Read the answers of a request.
	 * @param params the request's parameters
	 * @return the answers; none if it brings none
	 * @throws RefusedException if they are none
	 */
	static InputResponses of(@Nullable Object params) {
		Object given = (params instanceof Map<?, ?> object) ? object.get(RequestBinding.INPUT_RESPONSES) : null;
		if (given == null) {
			return new InputResponses(Map.of());
		}
		if (!(given instanceof Map<?, ?> object)) {
			throw malformed("must be an object");
		}
		Map<String, Map<?, ?>> answers = new LinkedHashMap<>();
		object.forEach((key, answer) -> {
			if (!(answer instanceof Map<?, ?> result)) {
				throw malformed("must have an object for each key");
			}
			// Nobody was asked by any other
			if (TaskChange.isKey(String.valueOf(key))) {
				answers.put(String.valueOf(key), result);
			}
		});
		return new InputResponses(answers);
	}

	/**
	 * Read the answers of a request that is made for them.
	 * @param params the request's parameters
	 * @return the answers
	 * @throws RefusedException if they are missing, or are none
	 */
	static InputResponses required(Map<?, ?> params) {
		if (params.get(RequestBinding.INPUT_RESPONSES) == null) {
			throw malformed("must be an object");
		}
		return of(params);
	}

	/**
	 * Say whether the user doesn't want what was asked.
	 * @param prefix what the keys begin with by which it was
	 * @return whether there is an answer that isn't an assent
	 */
	boolean isDeclined(String prefix) {
		return this.answers.entrySet()
			.stream()
			.anyMatch((answer) -> answer.getKey().startsWith(prefix)
					&& !"accept".equals(answer.getValue().get("action")));
	}

	/**
	 * Select what answers a request for input.
	 * @param requests what the client is asked, by key
	 * @param messages read and write JSON
	 * @return the answers as JSON, by key
	 * @throws RefusedException if one can't be the answer to its request
	 */
	Map<String, byte[]> to(Map<String, byte[]> requests, Messages messages) {
		Map<String, byte[]> selected = new LinkedHashMap<>();
		this.answers.forEach((key, answer) -> {
			byte[] request = requests.get(key);
			if (request != null) {
				if (!isAnswer(String.valueOf(messages.read(request).get("method")), answer, messages)) {
					throw malformed("has what is no answer for '" + key + "'");
				}
				selected.put(key, messages.write(answer));
			}
		});
		return selected;
	}

	// The SDK makes up what is missing
	private static boolean isAnswer(String method, Map<?, ?> answer, Messages messages) {
		return switch (method) {
			case McpSchema.METHOD_ELICITATION_CREATE -> is(ElicitResult.class, answer, messages, "action");
			case McpSchema.METHOD_SAMPLING_CREATE_MESSAGE ->
				is(CreateMessageResult.class, answer, messages, "role", "content", "model");
			case McpSchema.METHOD_ROOTS_LIST -> is(ListRootsResult.class, answer, messages, "roots");
			default -> true;
		};
	}

	private static boolean is(Class<?> type, Map<?, ?> answer, Messages messages, String... required) {
		for (String name : required) {
			if (answer.get(name) == null) {
				return false;
			}
		}
		try {
			messages.convert(answer, type);
			return true;
		}
		catch (RuntimeException ex) {
			return false;
		}
	}

	private static RefusedException malformed(String reason) {
		return new RefusedException(ErrorResponse.invalidParams(RequestBinding.INPUT_RESPONSES + ' ' + reason));
	}

}
