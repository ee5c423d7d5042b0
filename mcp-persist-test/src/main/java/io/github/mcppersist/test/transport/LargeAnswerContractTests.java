package io.github.mcppersist.test.transport;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Answers without a stream that are larger than any buffer on the way.
 */
public abstract class LargeAnswerContractTests {

	/**
	 * Serve an endpoint at {@code /mcp} on a free loopback port.
	 * @param endpoint the endpoint
	 * @return the server
	 * @throws Exception if it can't be started
	 */
	protected abstract WebServer serve(StreamableHttpEndpoint endpoint) throws Exception;

	@Test
	void sendsAllOfAnAnswerThatItsClientTakesSlowly() throws Exception {
		String instructions = "x".repeat(20_000_000);
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore()).build();
		McpSyncServer server = McpServer.sync(endpoint).serverInfo("test", "1").instructions(instructions).build();

		try (WebServer web = serve(endpoint)) {
			RawMcpClient client = new RawMcpClient(web.port(), "/mcp").stalling();
			try (Exchange exchange = client.send("POST", client.postHeaders(),
					"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
							+ "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}")) {
				assertThat(exchange.body()).hasSizeGreaterThan(instructions.length()).contains(instructions);
			}
		}
		finally {
			server.close();
		}
	}

}
