package io.github.mcppersist.test.redis;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A Redis in a container, where Docker answers.
 */
final class DockerRedis {

	private static final Logger logger = LoggerFactory.getLogger(DockerRedis.class);

	private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);

	private DockerRedis() {
	}

	/**
	 * Start the container, which is removed when the JVM ends.
	 * @return its address, or {@code null} if Docker doesn't answer or can't run it
	 */
	static String start() {
		if (!answers()) {
			return null;
		}
		try {
			return Container.start();
		}
		catch (RuntimeException | LinkageError ex) {
			logger.warn("Docker answers but can't run a Redis, so the tests use another one: {}", ex.toString());
			return null;
		}
	}

	// Testcontainers itself tries for up to a minute before it gives up
	private static boolean answers() {
		String host = System.getenv().getOrDefault("DOCKER_HOST", "unix:///var/run/docker.sock");
		try {
			URI uri = URI.create(host);
			boolean unix = "unix".equals(uri.getScheme());
			if (!unix && (uri.getHost() == null || uri.getPort() < 0)) {
				return false;
			}
			SocketAddress address = unix ? UnixDomainSocketAddress.of(uri.getPath())
					: new InetSocketAddress(uri.getHost(), uri.getPort());
			try (SocketChannel channel = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
					Selector selector = Selector.open()) {
				return ping(channel, address, selector);
			}
		}
		catch (IOException | RuntimeException ex) {
			return false;
		}
	}

	private static boolean ping(SocketChannel channel, SocketAddress address, Selector selector) throws IOException {
		long deadline = System.nanoTime() + ANSWER_LIMIT.toNanos();
		channel.configureBlocking(false);
		channel.connect(address);
		SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
		ByteBuffer answer = ByteBuffer.allocate(12);
		while (answer.hasRemaining() && System.nanoTime() < deadline) {
			if (key.interestOps() == SelectionKey.OP_CONNECT && channel.finishConnect()) {
				channel.write(StandardCharsets.US_ASCII.encode("GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"));
				key.interestOps(SelectionKey.OP_READ);
			}
			selector.select(100);
			selector.selectedKeys().clear();
			if (key.interestOps() == SelectionKey.OP_READ && channel.read(answer) < 0) {
				return false;
			}
		}
		return new String(answer.array(), StandardCharsets.US_ASCII).endsWith(" 200");
	}

	private static final class Container {

		@SuppressWarnings("resource")
		static String start() {
			GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse("redis:7.2-alpine"))
				.withExposedPorts(6379)
				.withStartupTimeout(Duration.ofSeconds(60));
			container.start();
			return "redis://" + container.getHost() + ":" + container.getMappedPort(6379);
		}

	}

}
