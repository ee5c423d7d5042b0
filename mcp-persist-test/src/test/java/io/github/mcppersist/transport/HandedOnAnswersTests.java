package io.github.mcppersist.transport;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Answers for a node that is present, but doesn't listen at that moment.
 */
class HandedOnAnswersTests extends AbstractStreamableHttpTests {

	private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":\"0rT5abcdefg.5fW0BfKI7iUuQpjM\","
			+ "\"result\":{\"action\":\"accept\"}}";

	private final AtomicInteger sent = new AtomicInteger();

	private int deaf;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		NodeRegistry single = NodeRegistry.single();
		builder.nodeRegistry((NodeRegistry) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { NodeRegistry.class }, (proxy, method, arguments) -> switch (method.getName()) {
					case "isGone" -> false;
					case "isPresent" -> Mono.just(true);
					case "send" -> Mono.fromSupplier(() -> this.sent.incrementAndGet() > this.deaf);
					default -> method.invoke(single, arguments);
				}));
	}

	@Test
	void aNodeThatHasOnlyJustStartedIsToldAgain() throws Exception {
		this.deaf = 2;
		RawMcpClient client = start().initialize();

		try (Exchange answer = client.post(ANSWER)) {
			assertThat(answer.status()).isEqualTo(202);
		}

		assertThat(this.sent).hasValue(3);
	}

	@Test
	void aNodeThatListensNoMoreHasGone() throws Exception {
		this.deaf = Integer.MAX_VALUE;
		RawMcpClient client = start().initialize();

		try (Exchange answer = client.post(ANSWER)) {
			assertThat(answer.status()).isEqualTo(409);
		}
	}

}
