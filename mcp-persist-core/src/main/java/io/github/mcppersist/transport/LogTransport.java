package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.function.Supplier;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.modelcontextprotocol.spec.McpTransportException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What the SDK sees of a stream: a transport that writes to the stream's log, whether a
 * connection is open or not.
 */
final class LogTransport implements McpStreamableServerTransport {

	private final McpJsonMapper jsonMapper;

	private final Supplier<StreamLog> log;

	LogTransport(McpJsonMapper jsonMapper, Supplier<StreamLog> log) {
		this.jsonMapper = jsonMapper;
		this.log = log;
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message) {
		return Mono.defer(() -> {
			byte[] json;
			try {
				json = this.jsonMapper.writeValueAsBytes(message);
			}
			catch (IOException | RuntimeException ex) {
				return Mono.error(new McpTransportException("The message can't be written as JSON", ex));
			}
			return this.log.get().send(json, message instanceof JSONRPCResponse);
		});
	}

	/**
	 * Send a message; the SDK's message ID is no cursor, so the log gives the event ID.
	 */
	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message, @Nullable String messageId) {
		return sendMessage(message);
	}

	@Override
	public <T> T unmarshalFrom(Object data, TypeRef<T> typeRef) {
		return this.jsonMapper.convertValue(data, typeRef);
	}

	/**
	 * Do nothing: a stream ends when its request was handled, and the connection with it.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return Mono.empty();
	}

	@Override
	public void close() {
	}

}
