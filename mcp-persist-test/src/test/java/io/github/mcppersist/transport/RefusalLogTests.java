package io.github.mcppersist.transport;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is logged of refused requests. No contract: the text of log lines is no API.
 */
class RefusalLogTests extends AbstractStreamableHttpTests {

	private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Test
	void logsEachRefusalOnceWithMethodStatusAndReason() throws Exception {
		RawMcpClient client = start().initialize();
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(HttpReply.class);
		logger.setLevel(Level.DEBUG);
		logger.addAppender(log);
		try {
			client.get("none").close();
			client.sessionId("0e4b1c1e-0000-4000-8000-000000000000").post(PING).close();
			client.delete().close();
			client.send("PUT", client.postHeaders(), PING).close();
		}
		finally {
			logger.detachAppender(log);
			logger.setLevel(null);
		}

		assertThat(log.list).allSatisfy((line) -> assertThat(line.getLevel()).isEqualTo(Level.DEBUG))
			.extracting(ILoggingEvent::getFormattedMessage)
			.containsExactly("A GET was refused with 400: " + Rejection.UNKNOWN_EVENT_ID.message(),
					"A POST was refused with 404: " + Rejection.UNKNOWN_SESSION.message(),
					"A DELETE was refused with 404: " + Rejection.UNKNOWN_SESSION.message(),
					"A PUT was refused with 405: Method Not Allowed");
	}

}
