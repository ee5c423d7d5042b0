package io.github.mcppersist.transport;

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpNotificationHandler;
import io.modelcontextprotocol.server.McpRequestHandler;
import io.modelcontextprotocol.spec.DefaultMcpStreamableServerSessionFactory;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionInit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.ModernServer;

/**
 * Makes the SDK's sessions: new ones, and those that a client has initialized on another
 * node, or on this one before it let them go. The SDK's factory draws a new ID for each,
 * so what it makes them of is read from its fields.
 */
final class SdkSessions implements ModernServer {

	private static final String PROTOCOL_VERSION = HeaderRules.PROTOCOL_VERSIONS
		.get(HeaderRules.PROTOCOL_VERSIONS.size() - 1);

	private final McpStreamableServerSession.Factory factory;

	private final Duration requestTimeout;

	private final Map<String, McpRequestHandler<?>> requestHandlers;

	private final Map<String, McpNotificationHandler> notificationHandlers;

	private final Function<String, Mono<Void>> onClose;

	private final @Nullable JsonSchemaValidator jsonSchemaValidator;

	private volatile @Nullable InitializeResult description;

	@SuppressWarnings("unchecked")
	SdkSessions(McpStreamableServerSession.Factory factory) {
		this.factory = factory;
		this.requestTimeout = (Duration) required(factory, "requestTimeout");
		this.requestHandlers = (Map<String, McpRequestHandler<?>>) required(factory, "requestHandlers");
		this.notificationHandlers = (Map<String, McpNotificationHandler>) required(factory, "notificationHandlers");
		this.onClose = (Function<String, Mono<Void>>) required(factory, "onClose");
		this.jsonSchemaValidator = (JsonSchemaValidator) read(factory, "jsonSchemaValidator");
	}

	/**
	 * Return how long the SDK waits for a client's answer.
	 * @return the request timeout of the MCP server
	 */
	Duration requestTimeout() {
		return this.requestTimeout;
	}

	McpStreamableServerSessionInit initialize(InitializeRequest request) {
		McpStreamableServerSessionInit init = this.factory.startSession(request);
		return new McpStreamableServerSessionInit(init.session(),
				init.initResult().doOnNext((result) -> this.description = result));
	}

	/**
	 * Return what the MCP server calls itself.
	 * @return the name in its {@code serverInfo}
	 */
	String serverName() {
		return description().serverInfo().name();
	}

	/**
	 * Return what the MCP server says of itself. Nothing but an initialize request tells,
	 * so one is made up unless there was one. The SDK logs each, so this isn't asked
	 * before it has to be known.
	 * @return the result of the last {@code initialize}
	 */
	@Override
	public InitializeResult description() {
		InitializeResult known = this.description;
		if (known == null) {
			InitializeRequest request = new InitializeRequest(PROTOCOL_VERSION, ClientCapabilities.builder().build(),
					new Implementation("mcp-persist, to learn the server's name", "1"));
			// The SDK's handler answers at once
			known = initialize(request).initResult().toFuture().getNow(null);
			if (known == null) {
				throw new IllegalStateException("The MCP server didn't tell its name at once. "
						+ "Set the server name in StreamableHttpOptions");
			}
		}
		return known;
	}

	@Override
	public McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities, Implementation clientInfo,
			Duration requestTimeout) {
		return session(UUID.randomUUID().toString(), new InitializeRequest(PROTOCOL_VERSION, capabilities, clientInfo),
				requestTimeout);
	}

	McpStreamableServerSession restore(String sessionId, InitializeRequest request) {
		return session(sessionId, request, this.requestTimeout);
	}

	private McpStreamableServerSession session(String sessionId, InitializeRequest request, Duration requestTimeout) {
		return new McpStreamableServerSession(sessionId, request.capabilities(), request.clientInfo(), requestTimeout,
				this.requestHandlers, this.notificationHandlers, () -> this.onClose.apply(sessionId),
				this.jsonSchemaValidator);
	}

	private static Object required(McpStreamableServerSession.Factory factory, String field) {
		Object value = read(factory, field);
		if (value == null) {
			throw unknownSdk(factory, null);
		}
		return value;
	}

	private static @Nullable Object read(McpStreamableServerSession.Factory factory, String name) {
		try {
			Field field = DefaultMcpStreamableServerSessionFactory.class.getDeclaredField(name);
			field.setAccessible(true);
			return field.get(factory);
		}
		catch (ReflectiveOperationException | RuntimeException ex) {
			throw unknownSdk(factory, ex);
		}
	}

	private static IncompatibleSdkException unknownSdk(McpStreamableServerSession.Factory factory,
			@Nullable Exception cause) {
		return new IncompatibleSdkException(
				"Sessions can't be restored with this version of the MCP SDK: its session " + "factory "
						+ factory.getClass().getName() + " isn't that of version 2.1, there is "
						+ SdkVersion.found("mcp-core", McpStreamableServerSession.class) + ". Use version "
						+ IncompatibleSdkException.NEEDED_VERSION + ", or a version of mcp-persist made for yours",
				cause);
	}

}
