package io.github.mcppersist.samples.failover;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class SseConnectionTests {

	@Test
	void readsEventsAndPassesOverComments() throws Exception {
		SseConnection connection = connection("""
				id: 1
				retry: 1000
				data:

				: a comment

				event: message
				id: 2
				data: {"a":1}

				""");

		assertThat(connection.next()).isEqualTo(new SseEvent("1", ""));
		assertThat(connection.next()).isEqualTo(new SseEvent("2", "{\"a\":1}"));
		assertThat(connection.next()).isNull();
		assertThat(connection.lastEventId()).isEqualTo("2");
	}

	@Test
	void doesNotCountAnEventThatWasCutOff() throws Exception {
		SseConnection connection = connection("""
				id: 1
				data: whole

				id: 2
				data: cut o""");

		assertThat(connection.next()).isEqualTo(new SseEvent("1", "whole"));
		assertThat(connection.next()).isNull();
		assertThat(connection.lastEventId()).isEqualTo("1");
	}

	@Test
	void cannotResumeFromNothing() throws Exception {
		SseConnection connection = connection("data: without an ID\n\n");

		connection.next();

		assertThatIllegalStateException().isThrownBy(connection::lastEventId);
	}

	private static SseConnection connection(String body) {
		return new SseConnection(new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));
	}

}
