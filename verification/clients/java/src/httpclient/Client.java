import java.net.URI;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;

/**
 * The SDK's client as its documentation has it, on the JDK's {@code HttpClient}.
 */
final class Client {

	private Client() {
	}

	public static void main(String[] args) throws InterruptedException {
		Driver.run(args[0], (url, timeout, listener) -> {
			URI uri = URI.create(url);
			McpSyncClient client = McpClient
				.sync(HttpClientStreamableHttpTransport.builder(uri.resolve("/").toString())
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
