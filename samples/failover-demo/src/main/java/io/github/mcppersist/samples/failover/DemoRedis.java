package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.ApplicationArguments;
import redis.embedded.RedisServer;

/**
 * The Redis of the demo: an embedded one, unless the arguments name another or none.
 */
final class DemoRedis implements AutoCloseable {

	private static final String URL_OPTION = "spring.data.redis.url";

	private static final String STORE_OPTION = "mcp.persist.store";

	private static final Path DIRECTORY = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();

	private static final int ATTEMPTS = 5;

	private static final int STOP_LIMIT_MS = 10_000;

	private final String description;

	private final List<String> serverArguments;

	private final @Nullable RedisServer embedded;

	private DemoRedis(String description, List<String> serverArguments, @Nullable RedisServer embedded) {
		this.description = description;
		this.serverArguments = serverArguments;
		this.embedded = embedded;
	}

	static DemoRedis start(ApplicationArguments arguments) throws IOException {
		if (arguments.containsOption(URL_OPTION)) {
			return new DemoRedis("the one given by --" + URL_OPTION, List.of(), null);
		}
		if (List.of("memory").equals(arguments.getOptionValues(STORE_OPTION))) {
			return new DemoRedis("none; what an instance keeps in memory is its own", List.of(), null);
		}
		for (int attempt = 1;; attempt++) {
			int port = freePort();
			try {
				return start(port);
			}
			catch (IOException | RuntimeException ex) {
				// Somebody else may have taken the port since
				if (attempt == ATTEMPTS) {
					throw ex;
				}
			}
		}
	}

	private static DemoRedis start(int port) throws IOException {
		// A listener, for unread output would block Redis before long
		RedisServer embedded = RedisServer.newRedisServer()
			.bind("127.0.0.1")
			.port(port)
			.setting("save \"\"")
			.setting("dir " + DIRECTORY)
			.setting("dbfilename " + fileName(port))
			.setting("appendonly no")
			.soutListener((line) -> {
			})
			.build();
		embedded.start();
		return new DemoRedis("embedded, on port " + port, List.of("--" + URL_OPTION + "=redis://127.0.0.1:" + port),
				embedded);
	}

	/**
	 * Return what a server needs to be told to use this Redis.
	 * @return options of Spring Boot
	 */
	List<String> serverArguments() {
		return this.serverArguments;
	}

	/**
	 * Find out whose it is.
	 * @return whether it is the demo's to stop and to start
	 */
	boolean isOwn() {
		return this.embedded != null;
	}

	/**
	 * Stop it as an administrator does, who has set it up to keep what it holds.
	 * @throws IOException if it can't be stopped
	 */
	void stop() throws IOException {
		RedisServer server = own();
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.ports().get(0))) {
			socket.setSoTimeout(STOP_LIMIT_MS);
			socket.getOutputStream().write("SHUTDOWN SAVE\r\n".getBytes(StandardCharsets.US_ASCII));
			byte[] refusal = socket.getInputStream().readAllBytes();
			if (refusal.length > 0) {
				throw new IOException("Redis says " + new String(refusal, StandardCharsets.US_ASCII));
			}
		}
		server.stop();
	}

	/**
	 * Start it with what it held.
	 * @throws IOException if it doesn't start
	 */
	void startAgain() throws IOException {
		RedisServer server = own();
		server.start();
		Files.deleteIfExists(DIRECTORY.resolve(fileName(server.ports().get(0))));
	}

	@Override
	public void close() {
		try {
			if (this.embedded != null) {
				this.embedded.stop();
				Files.deleteIfExists(DIRECTORY.resolve(fileName(this.embedded.ports().get(0))));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Redis could not be stopped", ex);
		}
	}

	@Override
	public String toString() {
		return this.description;
	}

	private RedisServer own() {
		if (this.embedded == null) {
			throw new IllegalStateException("Redis is not the demo's own, but " + this.description);
		}
		return this.embedded;
	}

	private static String fileName(int port) {
		return "failover-demo-" + ProcessHandle.current().pid() + '-' + port + ".rdb";
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

}
