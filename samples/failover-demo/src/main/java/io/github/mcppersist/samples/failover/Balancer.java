package io.github.mcppersist.samples.failover;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * The one address of all instances, and of the page. A client's next request goes to
 * another instance than its last, so that nothing can be mistaken for stickiness.
 * <p>
 * Each connection carries one request, byte by byte as it comes. What a response says in
 * addition is who it comes from ({@value #INSTANCE}).
 */
final class Balancer implements AutoCloseable {

	/**
	 * The instance that a response comes from; in a request, the only one to ask.
	 */
	static final String INSTANCE = "Demo-Instance";

	/**
	 * Whose request it is: by that name its connections are cut.
	 */
	static final String CLIENT = "Demo-Client";

	private static final String ENDPOINT = "/mcp";

	private static final int MAX_CONNECTIONS = 100;

	private static final int CONNECT_LIMIT_MS = 2000;

	private static final int HEAD_LIMIT_MS = 10_000;

	private static final byte[] UNAVAILABLE = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		.getBytes(StandardCharsets.ISO_8859_1);

	private final ServerSocket door;

	private final Supplier<List<Backend>> instances;

	private final Backend page;

	private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

	private final Map<String, String> lastInstances = new ConcurrentHashMap<>();

	private final Semaphore places = new Semaphore(MAX_CONNECTIONS);

	private final ExecutorService threads = Executors.newCachedThreadPool((task) -> {
		Thread thread = new Thread(task, "balancer");
		thread.setDaemon(true);
		return thread;
	});

	private Balancer(ServerSocket door, Supplier<List<Backend>> instances, Backend page) {
		this.door = door;
		this.instances = instances;
		this.page = page;
	}

	/**
	 * Start to listen, on the loopback address alone.
	 * @param port the port; 0 takes a free one
	 * @param instances those that serve at the moment
	 * @param page who serves all that isn't MCP
	 * @return the balancer
	 * @throws IOException if the port is taken
	 */
	static Balancer start(int port, Supplier<List<Backend>> instances, Backend page) throws IOException {
		ServerSocket door = new ServerSocket();
		try {
			door.setReuseAddress(true);
			door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
		}
		catch (IOException ex) {
			door.close();
			throw new IOException(
					"Port %d can't be had (%s); take another one with --port=N".formatted(port, ex.getMessage()), ex);
		}
		Balancer balancer = new Balancer(door, instances, page);
		balancer.threads.execute(balancer::accept);
		return balancer;
	}

	int port() {
		return this.door.getLocalPort();
	}

	/**
	 * Reset all connections of a client, as a network does that fails.
	 * @param client the client's name
	 * @return how many
	 */
	int cut(String client) {
		List<Connection> found = this.connections.stream()
			.filter((connection) -> client.equals(connection.client))
			.toList();
		found.forEach(Connection::reset);
		return found.size();
	}

	@Override
	public void close() throws IOException {
		this.door.close();
		this.connections.forEach(Connection::reset);
		this.threads.shutdownNow();
	}

	private void accept() {
		while (!this.door.isClosed()) {
			try {
				Socket socket = this.door.accept();
				if (this.places.tryAcquire()) {
					this.threads.execute(() -> serve(socket));
				}
				else {
					socket.close();
				}
			}
			catch (IOException ex) {
				// Closed, which the loop sees; or whoever connected has gone
			}
		}
	}

	private void serve(Socket socket) {
		try (Socket client = socket) {
			client.setTcpNoDelay(true);
			client.setSoTimeout(HEAD_LIMIT_MS);
			InputStream in = new BufferedInputStream(client.getInputStream());
			HttpHead request = HttpHead.read(in);
			client.setSoTimeout(0);
			Connection connection = connect(client, request);
			if (connection == null) {
				client.getOutputStream().write(UNAVAILABLE);
				return;
			}
			this.connections.add(connection);
			try (connection) {
				connection.send(request);
				this.threads.execute(() -> connection.forward(in));
				connection.answer();
			}
			finally {
				this.connections.remove(connection);
			}
		}
		catch (IOException ex) {
			// One of both has gone, and by now the other one knows
		}
		finally {
			this.places.release();
		}
	}

	private @Nullable Connection connect(Socket client, HttpHead request) {
		String name = request.field(CLIENT);
		for (Backend backend : candidates(request, name)) {
			Socket server = new Socket();
			try {
				server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port()),
						CONNECT_LIMIT_MS);
				server.setTcpNoDelay(true);
				if (backend != this.page && request.field(INSTANCE) == null) {
					this.lastInstances.put(String.valueOf(name), backend.name());
				}
				return new Connection(name, client, server, backend);
			}
			catch (IOException ex) {
				Connection.closeQuietly(server);
			}
		}
		return null;
	}

	private List<Backend> candidates(HttpHead request, @Nullable String client) {
		if (!request.path().equals(ENDPOINT)) {
			return List.of(this.page);
		}
		List<Backend> candidates = new ArrayList<>(this.instances.get());
		String wanted = request.field(INSTANCE);
		if (wanted != null) {
			candidates.removeIf((backend) -> !backend.name().equals(wanted));
		}
		else {
			String last = this.lastInstances.getOrDefault(String.valueOf(client), "");
			candidates.sort((one, other) -> Boolean.compare(one.name().equals(last), other.name().equals(last)));
		}
		return candidates;
	}

	/**
	 * A client's connection and the one to the server that answers it. Where one of them
	 * ends, so does the other.
	 */
	private static final class Connection implements AutoCloseable {

		private final @Nullable String client;

		private final Socket front;

		private final Socket back;

		private final Backend backend;

		private Connection(@Nullable String client, Socket front, Socket back, Backend backend) {
			this.client = client;
			this.front = front;
			this.back = back;
			this.backend = backend;
		}

		void send(HttpHead request) throws IOException {
			this.back.getOutputStream().write(request.with("Connection", "close").bytes());
		}

		// A client that has nothing to send any more waits; one that has gone ends here
		void forward(InputStream in) {
			try (this) {
				copy(in, this.back.getOutputStream());
			}
			catch (IOException ex) {
				// As it ends for the other direction
			}
		}

		void answer() throws IOException {
			InputStream in = new BufferedInputStream(this.back.getInputStream());
			HttpHead response = HttpHead.read(in).with("Connection", "close").with(INSTANCE, this.backend.name());
			this.front.getOutputStream().write(response.bytes());
			copy(in, this.front.getOutputStream());
		}

		void reset() {
			// Both first: whoever reads from the one closes the other as soon as it ends
			loseWhatIsUnderWay(this.front);
			loseWhatIsUnderWay(this.back);
			close();
		}

		private static void loseWhatIsUnderWay(Socket socket) {
			try {
				socket.setSoLinger(true, 0);
			}
			catch (IOException ex) {
				// It is closed already
			}
		}

		@Override
		public void close() {
			closeQuietly(this.front);
			closeQuietly(this.back);
		}

		private static void copy(InputStream in, OutputStream out) throws IOException {
			byte[] buffer = new byte[8192];
			for (int read = in.read(buffer); read != -1; read = in.read(buffer)) {
				out.write(buffer, 0, read);
			}
		}

		private static void closeQuietly(Socket socket) {
			try {
				socket.close();
			}
			catch (IOException ex) {
				// It is of no use any more in any case
			}
		}

	}

}
