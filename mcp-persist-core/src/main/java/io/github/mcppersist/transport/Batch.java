package io.github.mcppersist.transport;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.ProtocolVersions;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;

/**
 * What a client may send as a JSON-RPC batch, an array of messages (MCP 2025-03-26,
 * "Batching" and "Sending Messages to the Server"). Later revisions have none.
 */
final class Batch {

	/**
	 * The only revision with batches.
	 */
	static final String PROTOCOL_VERSION = ProtocolVersions.MCP_2025_03_26;

	static final Rejection NOT_SUPPORTED = refused(
			"batches are not supported, but in sessions of protocol version " + PROTOCOL_VERSION);

	private static final int MAX_MESSAGES = 100;

	/**
	 * How long the IDs of all requests may be together: they are all in the header of the
	 * stream.
	 */
	private static final int MAX_IDS_LENGTH = 4096;

	private Batch() {
	}

	/**
	 * Check how many messages there are.
	 * @param count how many
	 * @return the refusal, or {@code null}
	 */
	static @Nullable Rejection checkCount(int count) {
		if (count == 0) {
			return refused("a batch can't be empty");
		}
		return (count > MAX_MESSAGES) ? refused("a batch may have " + MAX_MESSAGES + " messages") : null;
	}

	/**
	 * Check the messages.
	 * @param messages the messages
	 * @return why all of them are refused, or {@code null}
	 */
	static @Nullable Rejection check(List<IncomingMessage> messages) {
		Set<RequestId> requestIds = new HashSet<>();
		boolean answers = false;
		for (IncomingMessage message : messages) {
			if (message.message() == null) {
				return Objects.requireNonNull(message.rejection());
			}
			answers |= message.message() instanceof JSONRPCResponse;
			if (message.message() instanceof JSONRPCRequest request) {
				if (McpSchema.METHOD_INITIALIZE.equals(request.method())) {
					return refused("initialize can't be part of a batch");
				}
				if (!requestIds.add(Objects.requireNonNull(message.requestId()))) {
					return refused("two requests of a batch can't have the same ID");
				}
			}
		}
		if (answers && !requestIds.isEmpty()) {
			return refused("a batch has requests or answers, not both");
		}
		return (requestIds.stream().mapToInt((id) -> id.json().length()).sum() > MAX_IDS_LENGTH)
				? refused("the IDs of a batch may have " + MAX_IDS_LENGTH + " characters in all") : null;
	}

	private static Rejection refused(String reason) {
		return Rejection.of(400, "Invalid Request: " + reason);
	}

}
