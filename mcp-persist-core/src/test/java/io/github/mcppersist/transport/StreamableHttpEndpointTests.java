package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.session.InMemorySessionStore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class StreamableHttpEndpointTests {

	@Test
	void doesNotShareNodesWithoutASessionStoreThatTheyShare() {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(new InMemoryEventStore())
			.nodeRegistry(NodeRegistry.single());

		assertThatIllegalStateException().isThrownBy(builder::build).withMessageContaining("sessionStore(..)");
	}

	@Test
	void needsNoSessionStoreOnASingleNode() {
		assertThatNoException().isThrownBy(() -> {
			StreamableHttpEndpoint.builder(new InMemoryEventStore()).build().closeGracefully().block();
			StreamableHttpEndpoint.builder(new InMemoryEventStore())
				.sessionStore(new InMemorySessionStore())
				.nodeRegistry(NodeRegistry.single())
				.build()
				.closeGracefully()
				.block();
		});
	}

	@Test
	void shutsDownFiveSecondsAfterTheGracePeriodWhateverHangs() {
		AtomicBoolean hanging = new AtomicBoolean();
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25",
				(method) -> (hanging.get() && method.getName().equals("release")) ? "never" : null,
				(method) -> (hanging.get() && method.getReturnType() == Mono.class) ? Mono.never() : null);
		endpoint.call("hang");
		endpoint.send();
		endpoint.listen().stall();
		endpoint.send();
		endpoint.send();
		AtomicBoolean down = new AtomicBoolean();
		hanging.set(true);

		endpoint.endpoint().shutDown(Duration.ofSeconds(1)).subscribe((nothing) -> {
		}, (ex) -> {
		}, () -> down.set(true));
		endpoint.threads().pass(Duration.ofMillis(5_999));

		assertThat(down).isFalse();
		endpoint.threads().pass(Duration.ofMillis(1));
		assertThat(down).isTrue();
	}

	@Test
	void letsASessionGoThoughTheResponseToItsCallCouldNeverBeStored() {
		AtomicBoolean away = new AtomicBoolean();
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> null,
				(method) -> (away.get() && method.getReturnType() == Mono.class)
						? Mono.error(new EventStoreUnavailableException("Away")) : null);
		away.set(true);
		endpoint.call("answer");
		assertThat(endpoint.responses()).allMatch(ManualEndpoint.Response::isAnsweredOnce);
		Session session = endpoint.session();
		endpoint.threads().pass(Duration.ofMinutes(50));
		assertThat(session.running()).hasSize(1);

		endpoint.threads().pass(Duration.ofMinutes(11));

		assertThat(session.running()).isEmpty();
		assertThat(session.admit(1, 1)).isTrue();
		assertThat(endpoint.endpoint().statistics().unstoredBytes()).isZero();
		endpoint.threads().pass(Duration.ofMinutes(30));
		assertThat(endpoint.session()).isNull();
	}

	@Test
	void logsOnceAMinuteThatRequestsAreRefused() {
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> {
			if (method.getName().equals("handle")) {
				throw new RejectedExecutionException("the executor is full");
			}
			return null;
		}, (method) -> null);
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(CallHandler.class);
		logger.addAppender(log);
		try {
			IntStream.range(0, 5).forEach((number) -> endpoint.call("answer"));
			endpoint.threads().pass(Duration.ofMinutes(1));
			endpoint.call("answer");
		}
		finally {
			logger.detachAppender(log);
		}

		assertThat(log.list).extracting(ILoggingEvent::getFormattedMessage)
			.containsExactly(
					"A request was refused: the executor is full. 0 more since the last line; logged once a minute",
					"A request was refused: the executor is full. 4 more since the last line; logged once a minute");
	}

	@Test
	void tellsObserversOfNoRequestThatTheExecutorRefuses() {
		List<Era> started = new ArrayList<>();
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> null, (method) -> null,
				(builder) -> builder.options(StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build())
					.observer(new EndpointObserver() {

						@Override
						public void requestStarted(Era era) {
							started.add(era);
						}

					}));
		endpoint.call("answer");
		endpoint.callModern("answer");
		endpoint.threads().refuse();

		endpoint.call("answer");
		endpoint.callModern("answer");

		endpoint.threads().pass(Duration.ofSeconds(1));
		assertThat(started).containsExactly(Era.LEGACY, Era.MODERN);
	}

}
