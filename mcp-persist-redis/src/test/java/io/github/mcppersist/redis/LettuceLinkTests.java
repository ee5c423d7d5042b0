package io.github.mcppersist.redis;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lettuce.core.AbstractRedisClient;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of calls while there is no connection.
 */
class LettuceLinkTests {

	private static final int NOBODY_LISTENS = 9;

	private LettuceConnectionFactory factory;

	private LettuceLink link;

	@BeforeEach
	void open() {
		this.factory = new LettuceConnectionFactory("127.0.0.1", NOBODY_LISTENS);
		this.factory.afterPropertiesSet();
		this.factory.start();
		this.link = new LettuceLink(this.factory);
	}

	@AfterEach
	void close() {
		this.link.close();
		this.factory.destroy();
	}

	@Test
	void keepsNothingOfACallThatIsGivenUp() {
		WeakReference<byte[]> message = publishAndGiveUp();

		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> {
			System.gc();
			return message.get() == null;
		});
	}

	private WeakReference<byte[]> publishAndGiveUp() {
		byte[] message = new byte[100_000];
		assertThat(this.link.publish(RedisKeys.bytes("channel"), message).cancel(false)).isTrue();
		return new WeakReference<>(message);
	}

	@Test
	void failsWhatWaitsWhenItIsClosed() {
		CompletableFuture<Long> waiting = this.link.publish(RedisKeys.bytes("channel"), RedisKeys.bytes("message"));

		this.link.close();

		assertThat(waiting).failsWithin(Duration.ofMinutes(1)).withThrowableThat().withMessageContaining("closed");
	}

	@Test
	void goesOnConnectingWhateverErrorItMeetsAndSaysSoOnce() {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		Logger logger = (Logger) LoggerFactory.getLogger(RedisEventStore.class);
		log.start();
		logger.addAppender(log);
		AtomicInteger attempts = new AtomicInteger();
		LettuceConnectionFactory broken = new LettuceConnectionFactory("127.0.0.1", NOBODY_LISTENS) {

			@Override
			public AbstractRedisClient getRequiredNativeClient() {
				attempts.incrementAndGet();
				throw new NoClassDefFoundError("org/example/Missing");
			}

		};
		LettuceLink other = new LettuceLink(broken);
		try {
			other.publish(RedisKeys.bytes("channel"), RedisKeys.bytes("message"));

			Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> attempts.get() >= 5);
			assertThat(other.unanswered(RedisLink.NO_SERVER, 500).message()).contains("org/example/Missing");
			assertThat(log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
		}
		finally {
			other.close();
			logger.detachAppender(log);
		}
	}

}
