package io.github.mcppersist.redis;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.ReservedPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link OpenPorts}.
 */
class OpenPortsTests {

	private static final Duration LIMIT = Duration.ofSeconds(30);

	@Test
	void findsWhereConnectionsAreAccepted() throws Exception {
		try (ServerSocket one = new ServerSocket(0);
				ServerSocket other = new ServerSocket(0);
				ReservedPort nobody = ReservedPort.find()) {
			InetSocketAddress first = new InetSocketAddress("127.0.0.1", one.getLocalPort());
			InetSocketAddress second = InetSocketAddress.createUnresolved("localhost", other.getLocalPort());

			assertThat(OpenPorts.of(List.of(new InetSocketAddress("127.0.0.1", nobody.number()), first, second,
					InetSocketAddress.createUnresolved("redis.invalid", 6379)), LIMIT))
				.containsExactlyInAnyOrder(first, second);
		}
	}

	@Test
	void findsNothingWhereNobodyAcceptsConnections() throws Exception {
		try (ReservedPort nobody = ReservedPort.find()) {
			assertThat(OpenPorts.of(List.of(new InetSocketAddress("127.0.0.1", nobody.number())), LIMIT)).isEmpty();
		}
	}

}
