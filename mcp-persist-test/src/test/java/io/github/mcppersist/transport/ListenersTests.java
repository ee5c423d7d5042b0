package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.Observers;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.PageReader;
import io.github.mcppersist.stream.ReconnectPolicy;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.StreamSettings;
import io.github.mcppersist.transport.Listeners.Turn;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When connections that displace each other come to rest.
 */
class ListenersTests {

	private final AtomicLong later = new AtomicLong();

	private final LaterThreads threads = new LaterThreads(this.later);

	private final Listeners listeners = new Listeners(this.threads, Duration.ofSeconds(1));

	@AfterEach
	void stop() {
		this.threads.close();
	}

	@Test
	void theNewestListensAtFirst() {
		assertThat(this.listeners.next(true)).isEqualTo(Turn.LISTEN);
	}

	@Test
	void onesThatDisplaceEachOtherWaitAndAreReportedOnce() {
		assertThat(contend(5, Duration.ofSeconds(2))).isEqualTo(1);

		assertThat(this.listeners.next(true)).isEqualTo(Turn.WAIT);
		assertThat(this.listeners.next(false)).isEqualTo(Turn.LISTEN);
	}

	@Test
	void oneWaitsForAnotherNodesThatHasDisplacedIt() {
		for (int i = 0; i < 5; i++) {
			pass(Duration.ofSeconds(2));
			this.listeners.displaced(true);
		}

		assertThat(this.listeners.next(false)).isEqualTo(Turn.WAIT);
		assertThat(this.listeners.ended()).isTrue();
		assertThat(this.listeners.next(false)).isEqualTo(Turn.LISTEN);
	}

	@Test
	void aClientThatMovesFastOrSeldomDoesNotWait() {
		contend(50, Duration.ofMillis(50));
		assertThat(this.listeners.next(true)).isEqualTo(Turn.LISTEN);
		contend(50, Duration.ofSeconds(20));
		assertThat(this.listeners.next(true)).isEqualTo(Turn.LISTEN);
	}

	@Test
	void theyChangePlacesWhenTheTimeIsOverAndAreAtRestAtOnceAgain() {
		contend(5, Duration.ofSeconds(2));
		pass(Listeners.REST);
		assertThat(this.listeners.next(true)).isEqualTo(Turn.LISTEN);

		assertThat(this.listeners.displaced(false)).isFalse();

		assertThat(this.listeners.next(true)).isEqualTo(Turn.WAIT);
		pass(Listeners.REST.plusMinutes(1));
		this.listeners.displaced(false);
		assertThat(this.listeners.next(true)).isEqualTo(Turn.LISTEN);
	}

	@Test
	void holdNoneThatHasGone() {
		contend(5, Duration.ofSeconds(2));
		SseConnection connection = connection();

		this.listeners.wait(connection);
		assertThat(this.listeners.isAnyWaiting()).isTrue();
		assertThat(this.threads.putOff()).isEqualTo(1);
		this.listeners.gone(connection);

		assertThat(this.listeners.isAnyWaiting()).isFalse();
		assertThat(this.threads.putOff()).isZero();
	}

	private SseConnection connection() {
		Observers nobody = new Observers(List.of(), Runnable::run);
		Payloads payloads = new Payloads(PayloadCodec.none(), (place, failure) -> {
		});
		StreamSettings settings = new StreamSettings(1024, 1024, Duration.ofSeconds(15), null, Duration.ofSeconds(30),
				false);
		StreamContext context = new StreamContext(new InMemoryEventStore(), NodeRegistry.single(), false, settings,
				nobody, this.threads, () -> "test", payloads);
		PageReader reader = new PageReader(context, new StreamKey("session", "0"), null);
		return new SseConnection(context, ConnectionKind.STANDALONE, new Mailbox(), reader, new NeverBack(), null,
				(gone) -> {
				});
	}

	private int contend(int displacements, Duration every) {
		int reported = 0;
		for (int i = 0; i < displacements; i++) {
			pass(every);
			if (this.listeners.displaced(false)) {
				reported++;
			}
		}
		return reported;
	}

	private void pass(Duration duration) {
		this.later.addAndGet(duration.toNanos());
	}

	private static final class NeverBack implements ReconnectPolicy {

		@Override
		public boolean isPriming() {
			return true;
		}

		@Override
		public boolean comesBack() {
			return false;
		}

		@Override
		public @Nullable Duration retry() {
			return null;
		}

	}

}
