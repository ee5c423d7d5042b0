package io.github.mcppersist.transport;

import java.security.Principal;
import java.util.Collection;
import java.util.List;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Who sends a request.
 */
class CallersTests {

	private final Callers callers = new Callers(SessionOwnerResolver.principalName());

	@Test
	void tellsWhoSendsARequest() {
		assertThat(this.callers.of(new Request(() -> "alice \ud83d\ude80")).owner()).isEqualTo("alice \ud83d\ude80");
		assertThat(this.callers.of(new Request(null)).owner()).isNull();
	}

	@Test
	void refusesAnOwnerThatStoresWouldTakeForAnother() {
		for (String name : List.of("alice \ud83d", "\ude80")) {
			assertThatExceptionOfType(RejectedRequestException.class)
				.isThrownBy(() -> this.callers.of(new Request(() -> name)));
		}
	}

	private record Request(@Nullable Principal principal) implements EndpointRequest {

		@Override
		public String method() {
			return "POST";
		}

		@Override
		public @Nullable String header(String name) {
			return null;
		}

		@Override
		public Collection<String> headerNames() {
			return List.of();
		}

		@Override
		public boolean isLocalAddressLoopback() {
			return false;
		}

		@Override
		public Mono<byte[]> body(int maxBytes) {
			return Mono.empty();
		}

		@Override
		public McpTransportContext transportContext() {
			return McpTransportContext.EMPTY;
		}

		@Override
		public ContextView reactorContext() {
			return Context.empty();
		}

	}

}
