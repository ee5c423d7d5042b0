package io.github.mcppersist.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.TestTools;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients that listen on a node are told of what happens on another one.
 */
class BroadcastsOnNodesTests {

	private static final String ALL = "{\"toolsListChanged\":true,\"promptsListChanged\":true,"
			+ "\"resourcesListChanged\":true,\"resourceSubscriptions\":[\"test://a\"]}";

	private final LocalNodes registry = new LocalNodes();

	private final List<Node> nodes = new ArrayList<>();

	@AfterEach
	void stop() throws Exception {
		for (Node node : this.nodes) {
			node.close();
		}
	}

	@Test
	void tellClientsOfBothErasOnBothNodes() throws Exception {
		Node here = node();
		Node there = node();
		RawMcpClient one = here.client().initialize();
		RawMcpClient other = there.client().initialize();
		try (Exchange legacyHere = listening(one);
				Exchange legacyThere = listening(other);
				Exchange modernHere = subscribed(here, ALL);
				Exchange modernThere = subscribed(there, ALL)) {
			here.server.notifyPromptsListChanged();

			for (Exchange exchange : List.of(legacyHere, legacyThere, modernHere, modernThere)) {
				assertThat(exchange.next().data()).contains("notifications/prompts/list_changed");
			}
		}
	}

	@Test
	void tellWhateverTheApplicationBroadcastsEachTime() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange legacy = listening(there.client().initialize()); Exchange modern = subscribed(there, ALL)) {
			for (int i = 0; i < 2; i++) {
				here.endpoint
					.notifyClients("notifications/message", Map.of("level", "info", "data", "the same \u20ac \n"))
					.block();
			}
			here.server.notifyToolsListChanged();

			assertThat(legacy.next().data()).contains("the same \u20ac \\n");
			assertThat(legacy.next().data()).contains("the same \u20ac \\n");
			assertThat(legacy.next().data()).contains("tools/list_changed");
			// It hasn't asked for anything else
			assertThat(modern.next().data()).contains("tools/list_changed");
		}
	}

	@Test
	void keepToThemselvesWhatIsTooLarge() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange legacyHere = listening(here.client().initialize());
				Exchange legacyThere = listening(there.client().initialize())) {
			here.endpoint
				.notifyClients("notifications/message",
						Map.of("level", "info", "data", "-".repeat(Broadcasts.MAX_CHARACTERS)))
				.block();
			here.server.notifyToolsListChanged();

			assertThat(legacyHere.next().data()).contains("notifications/message");
			assertThat(legacyThere.next().data()).contains("tools/list_changed");
		}
	}

	@Test
	void tellThoseWhoListenToAResourceOnAnotherNode() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange listen = subscribed(there, ALL)) {
			here.update("test://b");
			here.update("test://a");

			assertThat(listen.next().data()).contains("test://a", "\"io.modelcontextprotocol/subscriptionId\":1");
		}
	}

	@Test
	void areToldByANodeThatCameLater() throws Exception {
		Node there = node();
		try (Exchange listen = subscribed(there, ALL)) {
			Node here = node();
			tellUntilHeard(here, listen);
		}
	}

	@Test
	void areToldByANodeThatHasMissedWhatIsListenedTo() throws Exception {
		Node here = node();
		Node there = node();
		this.registry.losing = true;
		try (Exchange listen = subscribed(there, ALL)) {
			this.registry.losing = false;
			here.update("test://a");
			this.registry.missed();
			tellUntilHeard(here, listen);
		}
	}

	@Test
	void areToldAsSoonAsOtherNodesCanBe() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange legacy = listening(there.client().initialize()); Exchange modern = subscribed(there, ALL)) {
			this.registry.failing = true;
			here.server.notifyToolsListChanged();
			here.update("test://a");
			Awaitility.await().until(() -> this.registry.failures.get() >= 2);
			this.registry.failing = false;

			assertThat(legacy.next().data()).contains("tools/list_changed");
			assertThat(modern.next().data()).contains("tools/list_changed");
			assertThat(modern.next().data()).contains("test://a");
		}
	}

	@Test
	void areRememberedHoweverOftenNodesLook() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange listen = subscribed(there, ALL)) {
			for (int i = 0; i < 30; i++) {
				this.registry.missed();
			}
			tellUntilHeard(here, listen);
		}
	}

	@Test
	void areToldNothingOfAnotherServer() throws Exception {
		Node here = node("another");
		Node there = node();
		try (Exchange listen = subscribed(there, ALL)) {
			here.server.notifyToolsListChanged();
			here.update("test://a");
			there.server.notifyPromptsListChanged();

			assertThat(listen.next().data()).contains("prompts/list_changed");
		}
	}

	@Test
	void endWithTheirNodeAlone() throws Exception {
		Node here = node();
		Node there = node();
		try (Exchange one = subscribed(here, ALL); Exchange other = subscribed(there, ALL)) {
			here.close();

			assertThat(one.rest()).singleElement().extracting(SseEvent::data).asString().contains("complete");
			there.server.notifyToolsListChanged();
			assertThat(other.next().data()).contains("tools/list_changed");
			assertThat(there.endpoint.statistics().connections()).containsEntry(ConnectionKind.SUBSCRIPTION, 1);
		}
	}

	/**
	 * What a node has to learn first it learns a moment later.
	 * @param node is told of an update again and again
	 * @param listen whose client listens to it
	 * @throws Exception if the connection fails
	 */
	private static void tellUntilHeard(Node node, Exchange listen) throws Exception {
		CountDownLatch heard = new CountDownLatch(1);
		Thread updates = new Thread(() -> {
			do {
				node.update("test://a");
			}
			while (!await(heard));
		});
		updates.start();
		try {
			assertThat(listen.next().data()).contains("test://a");
		}
		finally {
			heard.countDown();
			updates.join();
		}
	}

	private static boolean await(CountDownLatch latch) {
		try {
			return latch.await(50, TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static Exchange listening(RawMcpClient client) throws Exception {
		Exchange get = client.get(null);
		get.next();
		return get;
	}

	private static Exchange subscribed(Node node, String filter) throws Exception {
		Exchange listen = new ModernPost(node.client(), "subscriptions/listen", "\"notifications\":" + filter).send();
		assertThat(listen.next().data()).contains("subscriptions/acknowledged");
		return listen;
	}

	private Node node() throws Exception {
		return node("server");
	}

	private Node node(String server) throws Exception {
		Node node = new Node(this.registry, server);
		this.nodes.add(node);
		return node;
	}

	private static final class Node implements AutoCloseable {

		final StreamableHttpEndpoint endpoint;

		final McpSyncServer server;

		private final TomcatServer web;

		private boolean closed;

		Node(LocalNodes registry, String server) throws Exception {
			this.endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore())
				.sessionStore(new InMemorySessionStore())
				.taskStore(new InMemoryTaskStore())
				.nodeRegistry(registry.add())
				.options(StreamableHttpOptions.builder().serverName(server).modern(ModernOptions.defaults()).build())
				.build();
			this.server = new TestTools().server(this.endpoint);
			this.web = new TomcatServer(this.endpoint);
		}

		RawMcpClient client() {
			return new RawMcpClient(this.web.port(), "/mcp");
		}

		void update(String uri) {
			this.server.notifyResourcesUpdated(new ResourcesUpdatedNotification(uri));
		}

		@Override
		public void close() throws Exception {
			if (!this.closed) {
				this.closed = true;
				this.server.close();
				this.web.close();
			}
		}

	}

}
