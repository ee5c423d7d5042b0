package io.github.mcppersist.servlet;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import io.modelcontextprotocol.server.McpSyncServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Requests that are cut in the middle.
 */
class CutRequestTests {

	private static final String HALF_A_REQUEST = String.join("\r\n", "POST /mcp HTTP/1.1", "Host: localhost",
			"Accept: application/json, text/event-stream", "Content-Type: application/json", "Content-Length: 100", "",
			"{\"jsonrpc\":");

	@Test
	@Timeout(300)
	void aRequestThatIsCutIsNoErrorOfTheServer() throws Exception {
		TestTools tools = new TestTools();
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore()).build();
		McpSyncServer server = tools.server(endpoint);
		try (TomcatServer tomcat = new TomcatServer(endpoint); SevereLogs logs = new SevereLogs()) {
			for (int i = 0; i < 20; i++) {
				try (Socket socket = new Socket("127.0.0.1", tomcat.port())) {
					socket.setSoLinger(true, 0);
					socket.getOutputStream().write(HALF_A_REQUEST.getBytes(StandardCharsets.US_ASCII));
					await().until(() -> tomcat.busyThreads() == 1);
				}
				await().until(() -> tomcat.busyThreads() == 0);
			}

			new RawMcpClient(tomcat.port(), "/mcp").initialize();
			assertThat(logs.messages).isEmpty();
		}
		finally {
			server.closeGracefully();
		}
	}

	/**
	 * What the container takes for an error of the application's.
	 */
	private static final class SevereLogs extends Handler implements AutoCloseable {

		private final Queue<String> messages = new ConcurrentLinkedQueue<>();

		private final Logger logger = Logger.getLogger("org.apache");

		SevereLogs() {
			this.logger.addHandler(this);
		}

		@Override
		public void publish(LogRecord log) {
			if (log.getLevel().intValue() >= Level.SEVERE.intValue()) {
				this.messages.add(log.getMessage());
			}
		}

		@Override
		public void flush() {
		}

		@Override
		public void close() {
			this.logger.removeHandler(this);
		}

	}

}
