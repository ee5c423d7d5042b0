package io.github.mcppersist.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ServerSocketFactory;

/**
 * A TCP proxy on the loopback address that fails as networks do: it cuts connections,
 * delays them, loses replies, or lets nothing through while every connection stays open.
 */
public final class RedisProxy implements AutoCloseable {

	private enum Mode {

		PASS, LOSE_REPLIES, HOLD_REPLIES, STALL, REFUSE

	}

	private final ServerSocket listener;

	private volatile int target;

	private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

	private final CountDownLatch closed = new CountDownLatch(1);

	private final AtomicLong lostBytes = new AtomicLong();

	private final AtomicLong accepted = new AtomicLong();

	private final Object modeLock = new Object();

	private volatile Mode mode = Mode.PASS;

	private volatile Duration delay = Duration.ZERO;

	private RedisProxy(ServerSocketFactory listeners, int target) throws IOException {
		this.listener = listeners.createServerSocket(0, 100, InetAddress.getByName("127.0.0.1"));
		this.target = target;
		daemon("accept", this::accept);
	}

	/**
	 * Start a proxy.
	 * @param target the port on the loopback address to which it connects
	 * @return the running proxy
	 */
	public static RedisProxy to(int target) {
		return to(target, ServerSocketFactory.getDefault());
	}

	static RedisProxy to(int target, ServerSocketFactory listeners) {
		try {
			return new RedisProxy(listeners, target);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Lead connections that are opened from now on to another server. Those that there
	 * are stay where they are.
	 * @param target the port on the loopback address to which it connects
	 */
	void redirect(int target) {
		this.target = target;
	}

	/**
	 * Return the port on which the proxy listens.
	 * @return the port on the loopback address
	 */
	public int port() {
		return this.listener.getLocalPort();
	}

	/**
	 * Return the address as clients take it.
	 * @return a URI such as {@code redis://127.0.0.1:41001}
	 */
	public String uri() {
		return "redis://127.0.0.1:" + port();
	}

	/**
	 * Close all connections. New ones are accepted.
	 */
	public void cut() {
		this.connections.forEach(Connection::close);
	}

	/**
	 * Close all connections, and each new one at once. None that is left works while
	 * others are refused.
	 */
	public void refuse() {
		mode(Mode.STALL);
		cut();
		mode(Mode.REFUSE);
		cut();
	}

	/**
	 * Let commands through and lose their replies, until {@link #cut()} or
	 * {@link #pass()}.
	 */
	public void loseReplies() {
		mode(Mode.LOSE_REPLIES);
	}

	/**
	 * Let commands through and hold back their replies, which arrive once it passes
	 * again. What somebody has subscribed to arrives all the same.
	 */
	void holdReplies() {
		mode(Mode.HOLD_REPLIES);
	}

	/**
	 * Lose what comes through those connections over which somebody has subscribed so
	 * far; those that are opened from now on work.
	 */
	void muteSubscriptions() {
		this.connections.forEach((connection) -> connection.muted = connection.subscribed);
	}

	/**
	 * Let nothing through in either direction and keep all connections open: a black
	 * hole. What was sent meanwhile arrives once it passes again.
	 */
	public void stall() {
		mode(Mode.STALL);
	}

	/**
	 * Let everything through again, without delay. Connections that lost replies are cut.
	 */
	public void pass() {
		this.delay = Duration.ZERO;
		mode(Mode.PASS);
		this.connections.stream().filter((connection) -> connection.lossy).forEach(Connection::close);
	}

	/**
	 * Hold back each piece of data, in both directions.
	 * @param delay how long
	 */
	public void delay(Duration delay) {
		this.delay = delay;
	}

	/**
	 * Return how many bytes of replies were lost so far.
	 * @return the number of bytes
	 */
	public long lostBytes() {
		return this.lostBytes.get();
	}

	/**
	 * Return how many connections were accepted so far.
	 * @return the number of connections
	 */
	public long accepted() {
		return this.accepted.get();
	}

	@Override
	public void close() {
		this.closed.countDown();
		mode(Mode.REFUSE);
		try {
			this.listener.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			cut();
		}
	}

	private void mode(Mode mode) {
		synchronized (this.modeLock) {
			this.mode = mode;
			this.modeLock.notifyAll();
		}
	}

	private void accept() {
		while (!this.listener.isClosed()) {
			try {
				Socket client = this.listener.accept();
				this.accepted.incrementAndGet();
				if (this.mode == Mode.REFUSE) {
					client.close();
				}
				else {
					daemon("connect", () -> connect(client));
				}
			}
			catch (IOException ex) {
				// Closed, or a client that was gone already
			}
		}
	}

	private void connect(Socket client) {
		Socket server = new Socket();
		Connection connection = new Connection(client, server);
		this.connections.add(connection);
		if (this.mode == Mode.REFUSE) {
			// Since it was accepted
			connection.close();
			return;
		}
		try {
			server.connect(new InetSocketAddress("127.0.0.1", this.target), 60_000);
			client.setTcpNoDelay(true);
			server.setTcpNoDelay(true);
			daemon("replies", () -> pump(connection, server, client, true));
			pump(connection, client, server, false);
		}
		catch (IOException ex) {
			connection.close();
		}
	}

	private void pump(Connection connection, Socket from, Socket to, boolean replies) {
		byte[] buffer = new byte[16 * 1024];
		try (connection) {
			InputStream input = from.getInputStream();
			OutputStream output = to.getOutputStream();
			for (int length = input.read(buffer); length >= 0; length = input.read(buffer)) {
				if (!this.delay.isZero() && this.closed.await(this.delay.toNanos(), TimeUnit.NANOSECONDS)) {
					return;
				}
				if (replies && connection.muted) {
					continue;
				}
				if (!replies && new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains("SUBSCRIBE")) {
					connection.subscribed = true;
				}
				if (awaitPassage(connection, replies) == Mode.LOSE_REPLIES && replies) {
					connection.lossy = true;
					this.lostBytes.addAndGet(length);
				}
				else {
					output.write(buffer, 0, length);
					output.flush();
				}
			}
		}
		catch (IOException ex) {
			// Cut, by us or by one of the two
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private Mode awaitPassage(Connection connection, boolean replies) throws InterruptedException {
		synchronized (this.modeLock) {
			boolean held = replies && !connection.subscribed;
			while ((this.mode == Mode.STALL || (this.mode == Mode.HOLD_REPLIES && held))
					&& this.connections.contains(connection)) {
				this.modeLock.wait(1000);
			}
			return this.mode;
		}
	}

	private static void daemon(String name, Runnable task) {
		Thread thread = new Thread(task, "redis-proxy-" + name);
		thread.setDaemon(true);
		thread.start();
	}

	private final class Connection implements AutoCloseable {

		private final Socket client;

		private final Socket server;

		private volatile boolean lossy;

		private volatile boolean subscribed;

		private volatile boolean muted;

		private Connection(Socket client, Socket server) {
			this.client = client;
			this.server = server;
		}

		@Override
		public void close() {
			RedisProxy.this.connections.remove(this);
			close(this.client);
			close(this.server);
		}

		private static void close(Socket socket) {
			try {
				socket.close();
			}
			catch (IOException ex) {
				// It is gone, which is what was wanted
			}
		}

	}

}
