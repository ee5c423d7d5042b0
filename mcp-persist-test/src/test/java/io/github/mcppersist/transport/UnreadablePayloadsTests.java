package io.github.mcppersist.transport;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.UnreadablePayloadException;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What clients get where payloads can't be opened, or not be encoded: never nothing for
 * ever.
 */
@Timeout(600)
class UnreadablePayloadsTests extends AbstractStreamableHttpTests {

	private final RecordingObserver observer = new RecordingObserver();

	private final Queue<PayloadPlace.Kind> reported = new ConcurrentLinkedQueue<>();

	private final FailingCodec codec = new FailingCodec();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.payloadCodec(this.codec).observer(this.observer).observer(new EndpointObserver() {
			@Override
			public void payloadUnreadable(PayloadPlace.Kind kind) {
				UnreadablePayloadsTests.this.reported.add(kind);
			}
		});
	}

	@Test
	void aPlainGetGoesOnBehindWhatCannotBeRead() throws Exception {
		RawMcpClient client = start().initialize();
		this.codec.unreadable = List.of("\"data\":\"1\"", "\"data\":\"2\"");
		send(client, 1, 4);

		try (Exchange get = client.get(null)) {
			assertThat(numbers(readUntil(get, "\"data\":\"4\""))).containsExactly("3", "4");
		}
		await().untilAsserted(() -> {
			assertThat(this.observer.gaps).hasValue(1);
			assertThat(this.reported).hasSize(2).containsOnly(PayloadPlace.Kind.EVENT);
		});
	}

	@Test
	void aPlainGetSendsNothingTwiceAroundWhatCannotBeRead() throws Exception {
		RawMcpClient client = start().initialize();
		this.codec.unreadable = List.of("\"data\":\"2\"", "\"data\":\"4\"");
		send(client, 1, 5);

		String last;
		try (Exchange get = client.get(null)) {
			List<SseEvent> before = get.rest();
			assertThat(numbers(before)).containsExactly("1");
			last = last(before).id();
		}
		// Told with its cursor, as of events that are gone
		try (Exchange refused = client.get(last)) {
			assertThat(refused.status()).isEqualTo(400);
		}
		try (Exchange get = client.get(null)) {
			assertThat(numbers(get.rest())).containsExactly("3");
		}
		try (Exchange get = client.get(null)) {
			assertThat(numbers(readUntil(get, "\"data\":\"5\""))).containsExactly("5");
			send(client, 6, 6);
			assertThat(numbers(readUntil(get, "\"data\":\"6\""))).containsExactly("6");
		}
	}

	@Test
	void aSessionIsEndedThoughNoOtherNodeCanBeTold() throws Exception {
		RawMcpClient client = start().initialize();
		this.codec.silent = true;
		try (Exchange get = client.get(null)) {
			get.next();

			try (Exchange deleted = client.delete()) {
				assertThat(deleted.status()).isEqualTo(200);
			}

			assertThat(get.rest()).isEmpty();
		}
		try (Exchange call = client.call(1, "count", "{}")) {
			assertThat(call.status()).isEqualTo(404);
		}
	}

	@Test
	void aRequestIsEndedWithAnErrorIfItsResponseCannotBeRead() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> events;
		try (Exchange call = client.call("request", "count", "{}")) {
			events = call.rest();
		}
		this.codec.unreadable = List.of("counted");

		try (Exchange resumed = client.get(events.get(1).id())) {
			assertThat(numbers(resumed.rest())).containsExactly("2", "3");
		}
		try (Exchange resumed = client.get(events.get(3).id())) {
			assertThat(resumed.status()).isEqualTo(200);
			assertThat(resumed.rest()).singleElement()
				.satisfies((event) -> assertThat(event.data()).contains("\"error\"", "\"id\":\"request\""));
		}
	}

	@Test
	void whatCannotBeEncodedIsSentAndNotStored() throws Exception {
		RawMcpClient client = start().initialize();
		this.codec.refused = List.of("\"data\":\"2\"");

		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{}")) {
			events = call.rest();
		}

		assertThat(numbers(events)).containsExactly("1", "2", "3");
		assertThat(last(events).data()).contains("counted 3");
		assertThat(events).filteredOn((event) -> event.data().contains("\"data\":\"2\""))
			.singleElement()
			.satisfies((event) -> assertThat(event.id()).isNull());
		await().untilAsserted(() -> assertThat(this.observer.dropped.get()).isPositive());
	}

	@Test
	void isLoggedOnceAMinute() {
		Logger logger = (Logger) LoggerFactory.getLogger(UnreadablePayloads.class);
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		logger.addAppender(log);
		AtomicLong nanos = new AtomicLong();
		UnreadablePayloads reporter = new UnreadablePayloads(this.observer, nanos::get);
		PayloadPlace place = new PayloadPlace(PayloadPlace.Kind.SESSION, "hidden", "owner");

		for (int i = 0; i < 5; i++) {
			reporter.accept(place, new UnreadablePayloadException("of a reason"));
		}
		nanos.addAndGet(Duration.ofMinutes(1).toNanos());
		reporter.accept(place, new UnreadablePayloadException("of another one"));
		logger.detachAppender(log);

		assertThat(log.list.stream()
			.filter((event) -> event.getLevel().isGreaterOrEqual(Level.WARN))
			.map(ILoggingEvent::getFormattedMessage)).satisfiesExactly(
					(first) -> assertThat(first).contains("of a reason", "0 more", "SESSION").doesNotContain("hidden"),
					(second) -> assertThat(second).contains("of another one", "4 more"));
	}

	private void send(RawMcpClient client, int first, int last) {
		for (int i = first; i <= last; i++) {
			endpoint()
				.notifyClient(client.sessionId(), "notifications/message",
						Map.of("level", "info", "logger", "test", "data", Integer.toString(i)))
				.block(Duration.ofMinutes(1));
		}
	}

	/**
	 * Encodes by turning bits, and fails on what it is told.
	 */
	private static final class FailingCodec implements PayloadCodec {

		private volatile List<String> unreadable = List.of();

		private volatile List<String> refused = List.of();

		/**
		 * Whether what nodes tell each other can't be encoded.
		 */
		private volatile boolean silent;

		@Override
		public byte[] encode(PayloadPlace place, byte[] payload) {
			if (this.silent && place.kind() == PayloadPlace.Kind.NODE_MESSAGE) {
				throw new IllegalArgumentException("silent");
			}
			if (isAny(this.refused, payload)) {
				throw new IllegalArgumentException("refused");
			}
			return turned(payload);
		}

		@Override
		public byte[] decode(PayloadPlace place, byte[] stored) {
			byte[] payload = turned(stored);
			if (isAny(this.unreadable, payload)) {
				throw new UnreadablePayloadException("it is to be unreadable");
			}
			return payload;
		}

		@Override
		public List<byte[]> encodeName(byte[] name) {
			return List.of(turned(name));
		}

		private static byte[] turned(byte[] bytes) {
			byte[] turned = new byte[bytes.length];
			for (int i = 0; i < bytes.length; i++) {
				turned[i] = (byte) ~bytes[i];
			}
			return turned;
		}

		private static boolean isAny(List<String> parts, byte[] payload) {
			String text = new String(payload, StandardCharsets.UTF_8);
			return parts.stream().anyMatch(text::contains);
		}

	}

}
