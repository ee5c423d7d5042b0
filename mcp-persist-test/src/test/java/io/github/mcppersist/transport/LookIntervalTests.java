package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Looks at the store, of a watching connection. No contract: how often it looks is no
 * public option.
 */
class LookIntervalTests extends AbstractStreamableHttpTests {

	private static final String STEPS = "{\"n\":3,\"gates\":[\"a\",\"b\",\"c\"]}";

	private final FailingEventStore store = new FailingEventStore();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.nodeRegistry(NodeRegistry.single());
	}

	@Test
	void doesNotLookForEventsOfOtherNodesWhileTheStoreIsAway() throws Exception {
		RawMcpClient client = start(this.store, StreamableHttpOptions.builder().lookInterval(Duration.ofMillis(20)))
			.initialize();
		try (Exchange call = client.call(1, "steps", STEPS)) {
			String cursor = last(readUntil(call, "\"3\"")).id();
			call.cut();
			try (Exchange resumed = client.get(cursor)) {
				int before = this.store.reads();
				await().until(() -> this.store.reads() > before + 2);
				this.tools.awaitReached("a");
				this.store.fail();
				this.tools.open("a");
				assertThat(numbers(readUntil(resumed, "\"6\""))).containsExactly("4", "5", "6");

				// One that was under way when the store failed may still come
				AtomicInteger during = new AtomicInteger(-1);
				await().during(Duration.ofMillis(300))
					.until(() -> during.getAndSet(this.store.reads()) == this.store.reads());

				this.tools.open("b");
				List<SseEvent> unstored = readUntil(resumed, "\"9\"");
				assertThat(numbers(unstored)).containsExactly("7", "8", "9");
				assertThat(unstored).extracting(SseEvent::id).containsOnlyNulls();
				this.store.recover();
				assertThat(resumed.next().id()).isNotNull();
			}
		}
	}

}
