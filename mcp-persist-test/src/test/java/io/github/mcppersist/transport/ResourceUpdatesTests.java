package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Who is told of an updated resource while the session store is away, or takes no writes.
 */
class ResourceUpdatesTests extends AbstractStreamableHttpTests {

	private final SessionStore memory = new InMemorySessionStore();

	private volatile boolean readsFail;

	private volatile boolean writesFail;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	private RawMcpClient startClient() throws Exception {
		SessionStore store = (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { SessionStore.class }, (proxy, method, args) -> {
					boolean reads = method.getName().startsWith("find");
					if (method.getReturnType() == Mono.class && (reads ? this.readsFail : this.writesFail)) {
						return Mono.error(new SessionStoreUnavailableException("Not now", null));
					}
					try {
						return method.invoke(this.memory, args);
					}
					catch (InvocationTargetException ex) {
						throw ex.getCause();
					}
				});
		return start(new InMemoryEventStore(), store, StreamableHttpOptions.builder()).initialize();
	}

	private static void subscribe(RawMcpClient client, String uri) throws Exception {
		try (Exchange subscribe = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
				+ "\"params\":{\"uri\":\"" + uri + "\"}}")) {
			assertThat(subscribe.status()).isEqualTo(200);
			assertThat(subscribe.body()).contains("\"result\"");
		}
	}

	private void update(String uri) {
		endpoint()
			.notifyClient(ResourceSubscriptions.SUBSCRIBER, McpSchema.METHOD_NOTIFICATION_RESOURCES_UPDATED,
					new ResourcesUpdatedNotification(uri))
			.block();
	}

	@Test
	void tellsSubscribersOfThisNodeAtOnceAndAllWhenTheStoreIsBack() throws Exception {
		RawMcpClient client = startClient();
		subscribe(client, "test://a");
		try (Exchange get = client.get(null)) {
			get.next();
			this.readsFail = true;
			this.writesFail = true;

			update("test://a");

			assertThat(get.next().data()).contains("resources/updated", "test://a");
			this.readsFail = false;
			this.writesFail = false;
			assertThat(get.next().data()).contains("resources/updated", "test://a");
		}
	}

	@Test
	void tellsASubscriberWhoseSubscriptionIsYetToBeStored() throws Exception {
		RawMcpClient client = startClient();
		try (Exchange get = client.get(null)) {
			get.next();
			this.writesFail = true;
			subscribe(client, "test://a");
			assertThat(this.memory.findSubscribers("test://a").block()).isEqualTo(Set.of());

			update("test://a");

			assertThat(get.next().data()).contains("resources/updated", "test://a");
			// However often is looked which resources have subscribers, these are added
			// first
			assertThat(endpoint().sessions().unsavedSubscriptions()).containsExactly("test://a");
			this.writesFail = false;
			await().until(() -> this.memory.findSubscribers("test://a").block().size() == 1);
			assertThat(endpoint().sessions().unsavedSubscribers("test://a")).isEmpty();
			update("test://a");
			assertThat(get.next().data()).contains("resources/updated", "test://a");
		}
	}

}
