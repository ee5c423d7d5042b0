package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.stream.JsonRpcError;

/**
 * The body of a POST: JSON-RPC messages, or the reason why it is none.
 *
 * @param messages the messages; one if it isn't a batch
 * @param batch whether it is a JSON-RPC batch
 * @param rejection the refusal of the whole body
 */
record PostBody(List<IncomingMessage> messages, boolean batch, @Nullable Rejection rejection) {

	/**
	 * Read a body.
	 * @param jsonMapper reads JSON
	 * @param body the body
	 * @return the messages, or the refusal
	 */
	static PostBody read(McpJsonMapper jsonMapper, byte[] body) {
		Object json;
		try {
			json = jsonMapper.readValue(body, Object.class);
		}
		catch (IOException | RuntimeException ex) {
			return refused(
					new Rejection(400, JsonRpcError.PARSE_ERROR, "Parse error: the body is not JSON", null, Map.of()));
		}
		if (json instanceof List<?> elements) {
			return batch(jsonMapper, elements);
		}
		IncomingMessage message = IncomingMessage.of(jsonMapper, json);
		return (message.message() != null) ? new PostBody(List.of(message), false, null)
				: refused(Objects.requireNonNull(message.rejection()));
	}

	private static PostBody batch(McpJsonMapper jsonMapper, List<?> elements) {
		Rejection rejection = Batch.checkCount(elements.size());
		if (rejection != null) {
			return refused(rejection);
		}
		List<IncomingMessage> messages = elements.stream()
			.map((element) -> IncomingMessage.of(jsonMapper, element))
			.toList();
		rejection = Batch.check(messages);
		return (rejection != null) ? refused(rejection) : new PostBody(messages, true, null);
	}

	private static PostBody refused(Rejection rejection) {
		return new PostBody(List.of(), false, rejection);
	}

	/**
	 * Return the requests.
	 * @return the messages that are to be answered, in their order
	 */
	List<Call> requests() {
		List<Call> requests = new ArrayList<>();
		for (IncomingMessage message : this.messages) {
			if (message.message() instanceof JSONRPCRequest request && message.requestId() != null) {
				requests.add(new Call(request, message.requestId()));
			}
		}
		return requests;
	}

	/**
	 * Return the only message.
	 * @return the message, or {@code null} if the body is a batch, or was refused
	 */
	@Nullable JSONRPCMessage single() {
		return (this.batch || this.rejection != null) ? null : this.messages.get(0).message();
	}

	/**
	 * Return the ID that a refusal of the whole body carries.
	 * @return the ID of the only message, if it is a request
	 */
	@Nullable RequestId requestId() {
		return this.batch ? null : this.messages.get(0).requestId();
	}

}
