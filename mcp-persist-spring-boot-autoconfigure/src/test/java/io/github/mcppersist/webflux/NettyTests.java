package io.github.mcppersist.webflux;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.BatchContractTests;
import io.github.mcppersist.test.transport.CancellationContractTests;
import io.github.mcppersist.test.transport.ConnectionContractTests;
import io.github.mcppersist.test.transport.ContextCaptureContractTests;
import io.github.mcppersist.test.transport.CutConnectionContractTests;
import io.github.mcppersist.test.transport.InputRequestContractTests;
import io.github.mcppersist.test.transport.LargeAnswerContractTests;
import io.github.mcppersist.test.transport.ModernRequestContractTests;
import io.github.mcppersist.test.transport.ModernStreamContractTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.ReconnectContractTests;
import io.github.mcppersist.test.transport.RequestContractTests;
import io.github.mcppersist.test.transport.ResumeContractTests;
import io.github.mcppersist.test.transport.SessionContractTests;
import io.github.mcppersist.test.transport.SessionOwnershipContractTests;
import io.github.mcppersist.test.transport.StandaloneStreamContractTests;
import io.github.mcppersist.test.transport.StoreFailureContractTests;
import io.github.mcppersist.test.transport.SubscriptionContractTests;
import io.github.mcppersist.test.transport.TaskContractTests;
import io.github.mcppersist.test.transport.ToolContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.awaitility.Awaitility.await;

/**
 * The handler function on Netty.
 */
@Tag("slow")
class NettyTests {

	@Nested
	class Batches extends BatchContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Cancellations extends CancellationContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Connections extends ConnectionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class ContextCapture extends ContextCaptureContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

		@Override
		protected String requestThread() {
			return "reactor-http";
		}

	}

	@Nested
	class CutConnections extends CutConnectionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class LargeAnswers extends LargeAnswerContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class InputRequests extends InputRequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Tasks extends TaskContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class ModernRequests extends ModernRequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class ModernStreams extends ModernStreamContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Reconnects extends ReconnectContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Requests extends RequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Resumes extends ResumeContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class SessionOwnership extends SessionOwnershipContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Sessions extends SessionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Stalls extends AbstractStreamableHttpTests {

		private NettyServer server;

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			this.server = new NettyServer(endpoint);
			return this.server;
		}

		@Test
		void aConnectionEndsThoughItsClientTakesNothing() throws Exception {
			RawMcpClient client = start().initialize();
			try (Exchange stalled = client.stalling()
				.call(1, "steps", "{\"n\":2000,\"bytes\":10000,\"gates\":[\"g\"]}")) {
				stalled.next();
				this.tools.awaitReached("g");
				await().until(() -> this.server.connections() == 1);

				client.delete().close();

				await().until(() -> this.server.connections() == 0);
			}
		}

	}

	@Nested
	class StandaloneStreams extends StandaloneStreamContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class StoreFailures extends StoreFailureContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Subscriptions extends SubscriptionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

	@Nested
	class Tools extends ToolContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new NettyServer(endpoint);
		}

	}

}
