package io.github.mcppersist.servlet;

import io.modelcontextprotocol.server.McpSyncServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.transport.RawMcpClient;
import io.github.mcppersist.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.TestTools;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Connections that are reset while a tool writes to them.
 */
class CutConnectionTests {

	/**
	 * Without {@link SseWriter} keeping the container from recycling a response too
	 * early, a few in a hundred fail.
	 */
	private static final int CONNECTIONS = 80;

	@Test
	@Timeout(120)
	void aResetConnectionHarmsNoOtherOne() throws Exception {
		TestTools tools = new TestTools();
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore()).build();
		McpSyncServer server = tools.server(endpoint);
		try (TomcatServer tomcat = new TomcatServer(endpoint)) {
			for (int i = 0; i < CONNECTIONS; i++) {
				RawMcpClient client = new RawMcpClient(tomcat.port(), "/mcp").initialize();
				String cursor;
				try (Exchange call = client.call(1, "gated", "{\"before\":2,\"n\":4,\"gate\":\"g" + i + "\"}")) {
					call.next();
					cursor = call.next().id();
					call.cut();
				}
				try (Exchange resume = client.get(cursor)) {
					SseEvent next = resume.next();
					while (next.data().isEmpty()) {
						next = resume.next();
					}
					tools.open("g" + i);
					assertThat(resume.rest()).hasSize(3);
				}
			}
		}
		finally {
			server.closeGracefully();
		}
	}

}
