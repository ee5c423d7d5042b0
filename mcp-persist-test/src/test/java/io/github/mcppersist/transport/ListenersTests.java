package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.transport.Listeners.Turn;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When connections that displace each other come to rest.
 */
class ListenersTests {

	private final AtomicLong later = new AtomicLong();

	private final Threads threads = new LaterThreads(this.later);

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

}
