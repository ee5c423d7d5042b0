package io.github.mcppersist.samples.failover;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

class HttpHeadTests {

	@Test
	void readsNothingOfTheBody() throws Exception {
		InputStream in = stream("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");

		HttpHead head = HttpHead.read(in);

		assertThat(head.startLine()).isEqualTo("POST /mcp HTTP/1.1");
		assertThat(head.fields()).containsExactly("Host: localhost", "Content-Length: 4");
		assertThat(in.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("body");
	}

	@Test
	void findsFieldsInAnyCase() {
		HttpHead head = new HttpHead("GET / HTTP/1.1", List.of("demo-client: legacy"));

		assertThat(head.field("Demo-Client")).isEqualTo("legacy");
		assertThat(head.field("Demo")).isNull();
	}

	@Test
	void takesThePathWithoutTheQuery() {
		assertThat(new HttpHead("GET /?n=3 HTTP/1.1", List.of()).path()).isEqualTo("/");
		assertThat(new HttpHead("nonsense", List.of()).path()).isEmpty();
	}

	@Test
	void replacesAField() {
		HttpHead head = new HttpHead("GET / HTTP/1.1", List.of("connection: keep-alive", "Host: a"));

		assertThat(head.with("Connection", "close").bytes()).asString(StandardCharsets.US_ASCII)
			.isEqualTo("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	}

	@Test
	void refusesAHeadThatEndsEarlyOrNever() {
		assertThatExceptionOfType(EOFException.class).isThrownBy(() -> HttpHead.read(stream("GET / HTTP/1.1\r\n")));
		assertThatIOException().isThrownBy(() -> HttpHead.read(stream("x".repeat(100_000))))
			.withMessageContaining("more than 32768 bytes");
	}

	private static InputStream stream(String text) throws IOException {
		return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
	}

}
