package io.github.mcppersist.modern;

import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.stream.JsonRpcError;

/**
 * What a handler asks its client. It is answered or rejected once, where the handler's
 * code may block.
 *
 * @param id the SDK's ID of the request
 * @param json the request without an ID, as JSON
 * @param answered is given the answer
 */
record Question(Object id, byte[] json, Consumer<JSONRPCResponse> answered) {

	private static final Logger logger = LoggerFactory.getLogger(Question.class);

	/**
	 * Give the handler the answer.
	 * @param answer the answer, as JSON
	 * @param messages read JSON
	 */
	void answer(byte[] answer, Messages messages) {
		JSONRPCResponse response;
		try {
			response = JSONRPCResponse.result(this.id, messages.read(answer));
		}
		catch (RuntimeException ex) {
			logger.warn("An answer of a client's can't be read; the handler gets an error", ex);
			fail("The client's answer can't be read");
			return;
		}
		this.answered.accept(response);
	}

	/**
	 * Let the handler not wait for an answer any more.
	 */
	void reject() {
		fail("The call is over: its client isn't asked any more");
	}

	private void fail(String message) {
		this.answered.accept(JSONRPCResponse.error(this.id, new JSONRPCError(JsonRpcError.INTERNAL_ERROR, message)));
	}

}
