package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

class ReturningClientsTests {

	private static final Duration PATIENCE = Duration.ofSeconds(11);

	private final ManualThreads threads = new ManualThreads();

	private final ReturningClients clients = new ReturningClients(this.threads, PATIENCE);

	@Test
	void expectsEachOnce() {
		this.threads.pass(Duration.ofNanos(7));
		this.clients.expect(List.of("a", "b"));

		assertThat(this.clients.returned("a")).isEqualTo(7);
		assertThat(this.clients.returned("a")).isNull();
		assertThat(this.clients.returned("c")).isNull();
		assertThat(this.clients.returned("b")).isEqualTo(7);
	}

	@Test
	void expectsNobodyForLongerThanItsPatience() {
		this.clients.expect(List.of("a", "b", "c"));
		this.threads.pass(PATIENCE);
		this.clients.expect(List.of("c"));

		assertThat(this.clients.returned("a")).isZero();
		this.threads.pass(Duration.ofNanos(1));
		assertThat(this.clients.returned("b")).isNull();
		assertThat(this.clients.returned("c")).isEqualTo(PATIENCE.toNanos());
	}

	@Test
	void forgetsThoseThatItWasToldFirstIfTheyAreTooMany() {
		this.clients.expect(List.of("first", "second", "third"));
		this.clients.expect(IntStream.range(0, ReturningClients.MAX_EXPECTED - 1).mapToObj(Integer::toString).toList());

		assertThat(this.clients.returned("first")).isNull();
		assertThat(this.clients.returned("second")).isNull();
		assertThat(this.clients.returned("third")).isNotNull();
		assertThat(this.clients.returned("0")).isNotNull();
	}

}
