package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When requests are refused, whatever they are.
 */
class ModernHandlerTests {

	private final ManualThreads threads = new ManualThreads();

	private final AtomicBoolean refusing = new AtomicBoolean();

	private final ModernHandler handler = new ModernHandler(this.threads, new EndpointObserver() {
	}, McpJsonDefaults.getMapper(), TestSettings.SETTINGS, TestSettings.store(), (request) -> null, this.refusing::get,
			(uris) -> Mono.empty());

	@Test
	void refusesRequestsBeforeThereIsAServer() {
		assertUnavailable("server/discover", "has not started");
	}

	@Test
	void refusesRequestsDuringAShutdown() {
		this.handler.start(new Server());
		this.refusing.set(true);

		assertUnavailable("server/discover", "shutting down");
	}

	@Test
	void refusesRequestsThatRunUserCodeWhenAllThreadsAreTaken() {
		this.handler.start(new Server());
		this.threads.fill();

		assertUnavailable("completion/complete", "too many requests");
		assertThat(post("server/discover").status).isEqualTo(200);
	}

	@Test
	void failsWithoutAWordOfTheReason() {
		this.handler.start(new Server());

		RecordingReply reply = post("tools/list");

		assertThat(reply.status).isEqualTo(500);
		assertThat(reply.body.toString()).contains("-32603").doesNotContain("no sessions");
		assertThat(this.handler.running()).isZero();
	}

	@Test
	void answersWhateverIsThrown() {
		this.handler.start(new Server() {

			@Override
			public InitializeResult description() {
				throw new NoClassDefFoundError("Told to be missing");
			}

		});

		RecordingReply reply = post("subscriptions/listen");

		assertThat(reply.status).isEqualTo(500);
		assertThat(reply.body.toString()).contains("\"id\":1").contains("-32603").doesNotContain("missing");
	}

	@Test
	void givesThePlaceBackOfACallThatCouldNotBegin() {
		this.handler.start(new Server() {

			@Override
			public InitializeResult description() {
				throw new NoClassDefFoundError("Told to be missing");
			}

			@Override
			public McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities,
					Implementation clientInfo, Duration requestTimeout) {
				return new McpStreamableServerSession("session", capabilities, clientInfo, requestTimeout, Map.of(),
						Map.of(), Mono::empty);
			}

		});

		for (int i = 0; i <= TestSettings.SETTINGS.maxCalls(); i++) {
			RecordingReply reply = post("tools/call");

			assertThat(reply.status).isEqualTo(500);
			assertThat(reply.body.toString()).contains("\"id\":1").contains("-32603");
		}
		assertThat(this.handler.running()).isZero();
	}

	@Test
	void refusesNotificationsOfVersionsThatNobodyKnows() {
		assertThat(notify("2026-07-28").status).isEqualTo(202);

		RecordingReply reply = notify("2099-01-01");

		assertThat(reply.status).isEqualTo(400);
		assertThat(reply.body.toString()).contains("-32022").contains("2099-01-01");
	}

	private RecordingReply notify(String version) {
		Map<String, String> headers = Map.of("MCP-Protocol-Version", version);
		RecordingReply reply = new RecordingReply();
		this.handler.handle(
				new ModernRequest(RequestHeaders.read(headers::get, headers::keySet), null, McpTransportContext.EMPTY,
						Context.empty(), UnaryOperator.identity()),
				new JSONRPCNotification("notifications/initialized", null), reply);
		return reply;
	}

	private void assertUnavailable(String method, String reason) {
		RecordingReply reply = post(method);
		assertThat(reply.status).isEqualTo(503);
		assertThat(reply.body.toString()).contains("\"id\":1").contains("-32603").contains(reason);
	}

	private RecordingReply post(String method) {
		Map<String, String> headers = Map.of("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method, "Mcp-Name",
				"tool");
		Map<String, Object> meta = new LinkedHashMap<>();
		meta.put("io.modelcontextprotocol/protocolVersion", "2026-07-28");
		meta.put("io.modelcontextprotocol/clientCapabilities", Map.of());
		RecordingReply reply = new RecordingReply();
		this.handler.handle(
				new ModernRequest(RequestHeaders.read(headers::get, headers::keySet), null, McpTransportContext.EMPTY,
						Context.empty(), UnaryOperator.identity()),
				new JSONRPCRequest(method, 1, Map.of("name", "tool", "_meta", meta)), reply);
		return reply;
	}

	/**
	 * A server that has nothing to say.
	 */
	private static class Server implements ModernServer {

		@Override
		public InitializeResult description() {
			return new InitializeResult("2025-11-25", ServerCapabilities.builder().build(),
					new Implementation("test", "1"), null);
		}

		@Override
		public McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities,
				Implementation clientInfo, Duration requestTimeout) {
			throw new IllegalStateException("There are no sessions");
		}

	}

}
