package io.github.mcppersist.session;

import java.time.Duration;
import java.util.Map;

import io.modelcontextprotocol.spec.DefaultMcpStreamableServerSessionFactory;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class SessionNamesTests {

	@Test
	void givesOneIdOneName() {
		String name = SessionNames.of("5f0c7d8e-1b1a-4f43-9d3e-7e0a3f5c9b11");

		assertThat(name).hasSize(22)
			.isEqualTo(SessionNames.of("5f0c7d8e-1b1a-4f43-9d3e-7e0a3f5c9b11"))
			.isNotEqualTo(SessionNames.of("5f0c7d8e-1b1a-4f43-9d3e-7e0a3f5c9b12"));
		assertThat(StreamKey.isSessionName(name)).isTrue();
	}

	@Test
	void takesNoSessionIdOfTheSdkForAName() {
		String sessionId = sdkSessionId();

		assertThat(StreamKey.isSessionName(sessionId)).isFalse();
		assertThatIllegalArgumentException().isThrownBy(() -> new StreamKey(sessionId, "0"))
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain(sessionId));
		assertThatIllegalArgumentException()
			.isThrownBy(() -> SessionRecord.initialized(sessionId, "{}", "2025-11-25", null, "server"))
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain(sessionId));
	}

	private static String sdkSessionId() {
		InitializeRequest request = new InitializeRequest("2025-11-25", ClientCapabilities.builder().build(),
				new Implementation("client", "1"));
		return new DefaultMcpStreamableServerSessionFactory(Duration.ofSeconds(1),
				(ignored) -> Mono.just(new InitializeResult("2025-11-25", ServerCapabilities.builder().build(),
						new Implementation("server", "1"), null)),
				Map.of(), Map.of())
			.startSession(request)
			.session()
			.getId();
	}

}
