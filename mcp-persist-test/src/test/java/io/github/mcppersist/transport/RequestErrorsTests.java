package io.github.mcppersist.transport;

import java.util.function.UnaryOperator;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests for which the application's code throws an {@link Error} before there is
 * anything that could end with it.
 */
class RequestErrorsTests extends AbstractStreamableHttpTests {

	private volatile boolean ownerUnknown;

	private volatile boolean contextLost;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.sessionOwnerResolver((principal) -> {
			if (this.ownerUnknown) {
				throw new NoClassDefFoundError("com/example/Token");
			}
			return principal.getName();
		}).contextCapture((reactorContext) -> {
			if (this.contextLost) {
				throw new NoClassDefFoundError("com/example/Tenant");
			}
			return UnaryOperator.identity();
		});
	}

	@Test
	void areAnsweredIfItCannotBeToldWhoSendsThem() throws Exception {
		RawMcpClient client = start().user("somebody").initialize();
		this.ownerUnknown = true;

		assertAnswered(client.call(1, "count", "{}"));
		assertAnswered(client.get(null));
		assertAnswered(client.delete());
	}

	@Test
	void areAnsweredIfWhatBelongsToThemCannotBeTakenAlong() throws Exception {
		RawMcpClient client = start().initialize();
		this.contextLost = true;

		assertAnswered(client.call(1, "count", "{}"));
	}

	private static void assertAnswered(Exchange exchange) throws Exception {
		try (exchange) {
			assertThat(exchange.status()).isEqualTo(500);
			assertThat(exchange.body()).contains("-32603").doesNotContain("NoClassDefFoundError");
		}
	}

}
