package io.github.mcppersist.transport;

import java.security.Principal;
import java.util.Collection;
import java.util.List;
import java.util.Set;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * The rules for {@code Origin} and {@code Host} on an address that others reach.
 */
class OriginRulesTests {

	@ParameterizedTest
	@ValueSource(strings = { "http://foo.example", "foo.example/mcp", "a b", "" })
	void takesNoHostThatNoRequestCanName(String host) {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> StreamableHttpOptions.builder().allowedHosts(Set.of(host)))
			.withMessageContaining("'" + host + "'");
	}

	@ParameterizedTest
	@CsvSource({ "mcp.example.com, ", "mcp.example.com, https://mcp.example.com",
			"mcp.example.com, https://mcp.example.com:443", "mcp.example.com:443, https://mcp.example.com",
			"mcp.example.com, http://mcp.example.com:80", "mcp.example.com:80, http://mcp.example.com",
			"mcp.example.com:8080, http://mcp.example.com:8080", "MCP.example.com, https://mcp.EXAMPLE.com",
			"[2001:db8::1], http://[2001:db8::1]", "[2001:db8::1], https://[2001:db8::1]:443",
			"[2001:db8::1]:8080, http://[2001:db8::1]:8080", "192.0.2.1:8080, http://192.0.2.1:8080" })
	void servesTheServersOwnOrigin(String host, @Nullable String origin) {
		assertThat(new OriginRules(StreamableHttpOptions.defaults()).check(new Request(host, origin))).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "mcp.example.com, https://evil.example", "mcp.example.com, https://mcp.example.com:8443",
			"mcp.example.com:8080, http://mcp.example.com", "mcp.example.com, http://mcp.example.com:443",
			"mcp.example.com, null", "mcp.example.com, mcp.example.com", "mcp.example.com, ''",
			"mcp.example.com, https://mcp.example.com.evil.example", "mcp.example.com, http://localhost",
			"[2001:db8::1], http://[2001:db8::2]", "[2001:db8::1]:8080, http://[2001:db8::1]:8081" })
	void refusesEveryOtherOrigin(String host, String origin) {
		Rejection rejection = new OriginRules(StreamableHttpOptions.defaults()).check(new Request(host, origin));

		assertThat(rejection).isNotNull().extracting(Rejection::status).isEqualTo(403);
	}

	@ParameterizedTest
	@CsvSource({ "mcp.example.com, , 0", "mcp.example.com:8443, , 0", "other.example.com:8443, , 0",
			"other.example.com, , 421", "evil.example, https://app.example.com, 421",
			"mcp.example.com, https://app.example.com, 0", "mcp.example.com, https://app.example.com:8443, 403" })
	void servesOnlyTheHostsThatTheOptionsName(String host, @Nullable String origin, int status) {
		OriginRules rules = new OriginRules(StreamableHttpOptions.builder()
			.allowedHosts(Set.of("mcp.example.com", "other.example.com:8443"))
			.allowedOrigins(Set.of("https://app.example.com"))
			.build());

		Rejection rejection = rules.check(new Request(host, origin));

		assertThat((rejection != null) ? rejection.status() : 0).isEqualTo(status);
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.example.com, mcp.example.com", "mcp.example.com, evil.example",
			"user@mcp.example.com", "mcp.example.com/", "mcp.example.com evil.example" })
	void refusesWhatIsNotOneHost(String host) {
		for (StreamableHttpOptions options : List.of(StreamableHttpOptions.defaults(),
				StreamableHttpOptions.builder().allowedHosts(Set.of("*")).allowedOrigins(Set.of("*")).build())) {
			Rejection rejection = new OriginRules(options).check(new Request(host, "http://" + host));

			assertThat(rejection).isNotNull().extracting(Rejection::status).isEqualTo(400);
		}
	}

	/**
	 * A request to an address of this machine that isn't a loopback address.
	 *
	 * @param host the {@code Host} header
	 * @param origin the {@code Origin} header, if any
	 */
	private record Request(String host, @Nullable String origin) implements EndpointRequest {

		@Override
		public String method() {
			return "POST";
		}

		@Override
		public @Nullable String header(String name) {
			return switch (name) {
				case "Host" -> this.host;
				case "Origin" -> this.origin;
				default -> null;
			};
		}

		@Override
		public Collection<String> headerNames() {
			return List.of("Host", "Origin");
		}

		@Override
		public @Nullable Principal principal() {
			return null;
		}

		@Override
		public boolean isLocalAddressLoopback() {
			return false;
		}

		@Override
		public Mono<byte[]> body(int maxBytes) {
			return Mono.just(new byte[0]);
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
