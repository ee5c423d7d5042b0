package io.github.mcppersist.modern;

import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.ListToolsResult;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Asks the server for a page of its tools, in place of a client.
 */
final class ListedTools implements McpStreamableServerTransport {

	private final McpJsonMapper jsonMapper;

	private final MonoSink<ListToolsResult> page;

	private ListedTools(McpJsonMapper jsonMapper, MonoSink<ListToolsResult> page) {
		this.jsonMapper = jsonMapper;
		this.page = page;
	}

	/**
	 * Ask for a page.
	 * @param session the SDK's session
	 * @param cursor the cursor of the page, or {@code null} for the first
	 * @param request whose tools they are
	 * @param jsonMapper reads JSON
	 * @param page gets the page, or the error
	 */
	static void ask(McpStreamableServerSession session, @Nullable String cursor, ModernRequest request,
			McpJsonMapper jsonMapper, MonoSink<ListToolsResult> page) {
		Map<String, String> params = (cursor != null) ? Map.of("cursor", cursor) : Map.of();
		session.responseStream(new ListedTools(jsonMapper, page))
			.handle(new JSONRPCRequest(McpSchema.METHOD_TOOLS_LIST, 0, params))
			.contextWrite(request::addTo)
			.contextCapture()
			.subscribe((nothing) -> {
			}, page::error, page::success);
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message) {
		return Mono.fromRunnable(() -> {
			if (message instanceof JSONRPCResponse response) {
				if (response.error() != null) {
					this.page.error(new McpError(response.error()));
				}
				else {
					this.page.success((response.result() instanceof ListToolsResult result) ? result
							: this.jsonMapper.convertValue(response.result(), ListToolsResult.class));
				}
			}
		});
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message, @Nullable String messageId) {
		return sendMessage(message);
	}

	@Override
	public <T> T unmarshalFrom(Object data, TypeRef<T> typeRef) {
		return this.jsonMapper.convertValue(data, typeRef);
	}

	@Override
	public Mono<Void> closeGracefully() {
		return Mono.empty();
	}

	@Override
	public void close() {
	}

}
