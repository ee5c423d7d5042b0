package io.github.mcppersist.test.redis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A free port that no other test on this machine takes, in whatever JVM, until it is
 * closed: also while the server that has it is down.
 */
public final class ReservedPort implements AutoCloseable {

	// Below the range of ephemeral ports, and so is the cluster bus at port + 10000
	private static final int LOWEST_PORT = 11_000;

	private static final int PORTS = 11_000;

	private static final Path LOCKS = Path.of(System.getProperty("java.io.tmpdir"),
			"mcp-persist-ports-" + System.getProperty("user.name"));

	private final int number;

	private final FileChannel lock;

	private ReservedPort(int number, FileChannel lock) {
		this.number = number;
		this.lock = lock;
	}

	/**
	 * Reserve a port.
	 * @return the port, which nothing listens at
	 * @throws IOException if there is none
	 */
	public static ReservedPort find() throws IOException {
		Files.createDirectories(LOCKS);
		for (int attempt = 0; attempt < 100; attempt++) {
			int number = LOWEST_PORT + ThreadLocalRandom.current().nextInt(PORTS);
			FileChannel lock = lock(number);
			if (lock != null) {
				if (isFree(number) && isFree(number + 10_000)) {
					return new ReservedPort(number, lock);
				}
				lock.close();
			}
		}
		throw new IOException("No free port between " + LOWEST_PORT + " and " + (LOWEST_PORT + PORTS));
	}

	private static FileChannel lock(int number) throws IOException {
		FileChannel channel = FileChannel.open(LOCKS.resolve(Integer.toString(number)), StandardOpenOption.CREATE,
				StandardOpenOption.WRITE);
		try {
			if (channel.tryLock() != null) {
				return channel;
			}
		}
		catch (OverlappingFileLockException ex) {
			// Another test in this JVM has it
		}
		channel.close();
		return null;
	}

	private static boolean isFree(int port) {
		try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
			return socket.isBound();
		}
		catch (IOException ex) {
			return false;
		}
	}

	/**
	 * Return the number of the port.
	 * @return the number
	 */
	public int number() {
		return this.number;
	}

	@Override
	public void close() {
		try {
			this.lock.close();
		}
		catch (IOException ex) {
			// It ends with this JVM at the latest
		}
	}

}
