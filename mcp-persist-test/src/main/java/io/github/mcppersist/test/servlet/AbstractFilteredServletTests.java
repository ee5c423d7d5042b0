package io.github.mcppersist.test.servlet;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.modelcontextprotocol.server.McpSyncServer;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.servlet.StreamableHttpFilter;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the tests of filters have in common.
 */
@Timeout(300)
public abstract class AbstractFilteredServletTests {

	private final TestTools tools = new TestTools();

	protected final StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore())
		.options(StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)).build())
		.build();

	private final McpSyncServer server = this.tools.server(this.endpoint);

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.mcppersist.servlet");

	private final ListAppender<ILoggingEvent> logs = new ListAppender<>();

	private @Nullable WebServer web;

	protected boolean guarded;

	/**
	 * Serve a servlet at {@code /mcp} on a free loopback port.
	 * @param servlet the servlet
	 * @param filter the filter in front of it
	 * @param asyncFilter whether the filter supports asynchronous mode
	 * @return the server
	 * @throws Exception if it can't be started
	 */
	protected abstract WebServer serve(StreamableHttpServlet servlet, Filter filter, boolean asyncFilter)
			throws Exception;

	/**
	 * Create the servlet of the endpoint.
	 * @return the servlet
	 */
	protected StreamableHttpServlet servlet() {
		return new StreamableHttpServlet(this.endpoint);
	}

	@AfterEach
	void stop() throws Exception {
		this.logger.detachAppender(this.logs);
		this.tools.openAll();
		if (this.web != null) {
			this.web.close();
		}
		this.server.closeGracefully();
	}

	/**
	 * Have an endpoint answer behind a filter.
	 * @param filter the filter
	 * @return the head of a tool's stream
	 */
	protected Exchange assertServed(Filter filter) throws Exception {
		start((request, response, chain) -> {
			try {
				filter.doFilter(request, response, chain);
			}
			finally {
				((HttpServletResponse) response).setHeader("X-Frame-Options", "DENY");
			}
		}, true);
		RawMcpClient client = client().initialize();
		// Runs until its head has arrived: what has ended by then has a length of its own
		String gate = client.sessionId();
		Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":3,\"gate\":\"" + gate + "\"}");
		this.tools.open(gate);
		try (Exchange exchange = call) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("Content-Type")).startsWith("text/event-stream");
			assertThat(exchange.header("X-Frame-Options")).isEqualTo("DENY");
			assertThat(exchange.header("Content-Length")).isNull();
			assertThat(exchange.header("Content-Encoding")).isNull();
			assertThat(exchange.header("ETag")).isNull();
			assertThat(exchange.rest()).last().satisfies((event) -> assertThat(event.data()).contains("counted 3"));
		}
		try (Exchange exchange = client.delete()) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("X-Frame-Options")).isEqualTo("DENY");
		}
		assertThat(logged(Level.WARN)).isEmpty();
		return call;
	}

	protected void start(Filter filter, boolean asyncFilter) throws Exception {
		this.logs.start();
		this.logger.setLevel(Level.INFO);
		this.logger.addAppender(this.logs);
		Filter all = filter;
		if (this.guarded) {
			StreamableHttpFilter guard = new StreamableHttpFilter();
			all = (request, response, chain) -> guard.doFilter(request, response,
					(guardedRequest, guardedResponse) -> filter.doFilter(guardedRequest, guardedResponse, chain));
		}
		this.web = serve(servlet(), all, asyncFilter);
	}

	protected RawMcpClient client() {
		return new RawMcpClient(Objects.requireNonNull(this.web).port(), "/mcp");
	}

	protected List<String> logged(Level level) {
		return List.copyOf(this.logs.list)
			.stream()
			.filter((event) -> event.getLevel() == level)
			.map(ILoggingEvent::getFormattedMessage)
			.toList();
	}

}
