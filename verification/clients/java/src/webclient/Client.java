import java.net.URI;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import org.springframework.ai.mcp.client.webflux.transport.WebClientStreamableHttpTransport;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * The SDK's client on Spring's {@code WebClient}, by Spring AI's transport.
 */
final class Client {

	private Client() {
	}

	public static void main(String[] args) throws InterruptedException {
		Driver.run(args[0], (url, timeout, listener) -> {
			URI uri = URI.create(url);
			McpSyncClient client = McpClient
				.sync(WebClientStreamableHttpTransport
					.builder(WebClient.builder().baseUrl(uri.resolve("/").toString()))
					.endpoint(uri.getPath())
					.build())
				.requestTimeout(timeout)
				.capabilities(ClientCapabilities.builder().elicitation().build())
				.elicitation((request) -> SyncClient.accept(listener))
				.progressConsumer((notification) -> listener.progressed(notification.progress()))
				.build();
			return new SyncClient(client, client::closeGracefully);
		});
	}

}
