package io.github.mcppersist.servlet;

import jakarta.servlet.Filter;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

import io.github.mcppersist.test.servlet.JettyServer;
import io.github.mcppersist.test.transport.BatchContractTests;
import io.github.mcppersist.test.transport.CancellationContractTests;
import io.github.mcppersist.test.transport.ConnectionContractTests;
import io.github.mcppersist.test.transport.ContextCaptureContractTests;
import io.github.mcppersist.test.transport.CutConnectionContractTests;
import io.github.mcppersist.test.transport.InputRequestContractTests;
import io.github.mcppersist.test.transport.LargeAnswerContractTests;
import io.github.mcppersist.test.transport.ModernRequestContractTests;
import io.github.mcppersist.test.transport.ModernStreamContractTests;
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

/**
 * The servlet on Jetty.
 */
@Tag("slow")
class JettyTests {

	@Nested
	class Batches extends BatchContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Cancellations extends CancellationContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Connections extends ConnectionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class ContextCapture extends ContextCaptureContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

		@Override
		protected String requestThread() {
			return "qtp";
		}

	}

	@Nested
	class CutConnections extends CutConnectionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class LargeAnswers extends LargeAnswerContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class InputRequests extends InputRequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Tasks extends TaskContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class ModernRequests extends ModernRequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class ModernStreams extends ModernStreamContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Reconnects extends ReconnectContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Requests extends RequestContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Resumes extends ResumeContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class SessionOwnership extends SessionOwnershipContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Sessions extends SessionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class StandaloneStreams extends StandaloneStreamContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class StoreFailures extends StoreFailureContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Subscriptions extends SubscriptionContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Tools extends ToolContractTests {

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	}

	@Nested
	class Filters extends AbstractFilterTests {

		@Override
		protected WebServer serve(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter) throws Exception {
			return new JettyServer(servlet, filter, asyncFilter);
		}

	}

}
