package io.github.mcppersist.test.transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Connections that are reset while a tool writes to them.
 */
public abstract class CutConnectionContractTests extends AbstractStreamableHttpTests {

	/**
	 * Where a server uses a response again too early, a few in a hundred fail.
	 */
	private static final int CONNECTIONS = 80;

	@Test
	@Timeout(600)
	void aResetConnectionHarmsNoOtherOne() throws Exception {
		start();

		for (int i = 0; i < CONNECTIONS; i++) {
			RawMcpClient client = client().initialize();
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
				this.tools.open("g" + i);
				assertThat(resume.rest()).hasSize(3);
			}
		}
	}

}
