package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.test.transport.ModernPost;

/**
 * One client, of whichever era, with one request at a time on a connection that is kept
 * open as long as the server keeps it. It belongs to the thread that runs its
 * {@link McpLoadClients}.
 */
final class McpLoadClient {

	static final String SESSION_ID = "Mcp-Session-Id";

	private static final String PROTOCOL_VERSION = "2025-11-25";

	private static final String INITIALIZE = """
			{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"%s",\
			"capabilities":{},"clientInfo":{"name":"load","version":"1"}}}""".formatted(PROTOCOL_VERSION);

	private static final String INITIALIZED = """
			{"jsonrpc":"2.0","method":"notifications/initialized"}""";

	private static final String MODERN_META = """
			,"_meta":{"io.modelcontextprotocol/protocolVersion":"%s",\
			"io.modelcontextprotocol/clientInfo":{"name":"load","version":"1"},\
			"io.modelcontextprotocol/clientCapabilities":{}}""".formatted(ModernPost.VERSION);

	private final McpLoadClients clients;

	private final Era era;

	private InetSocketAddress server;

	private @Nullable SocketChannel channel;

	private @Nullable SelectionKey key;

	private @Nullable ByteBuffer unsent;

	private @Nullable HttpExchange exchange;

	private @Nullable Listener listener;

	private String headers = "";

	private int lastId;

	McpLoadClient(McpLoadClients clients, InetSocketAddress server, Era era) {
		this.clients = clients;
		this.era = era;
		this.server = server;
	}

	/**
	 * Use another server from now on.
	 * @param server where it listens
	 */
	void moveTo(InetSocketAddress server) {
		disconnect();
		this.server = server;
	}

	/**
	 * Begin the session, where there are sessions.
	 * @param then what to do when that is done
	 */
	void initialize(Runnable then) {
		if (this.era == Era.MODERN) {
			this.headers = "MCP-Protocol-Version: " + ModernPost.VERSION + "\r\nMcp-Method: tools/call\r\n";
			then.run();
			return;
		}
		post(INITIALIZE, 200, List.of("\"result\""), (answer) -> {
			this.headers = SESSION_ID + ": " + answer.sessionId() + "\r\nMCP-Protocol-Version: " + PROTOCOL_VERSION
					+ "\r\n";
			post(INITIALIZED, 202, List.of(), (accepted) -> then.run());
		});
	}

	/**
	 * Call a tool.
	 * @param call the call
	 * @param then what to do when the response has ended
	 */
	void call(ToolCall call, Runnable then) {
		this.lastId++;
		boolean modern = this.era == Era.MODERN;
		String body = "{\"jsonrpc\":\"2.0\",\"id\":" + this.lastId
				+ ",\"method\":\"tools/call\",\"params\":{\"name\":\"" + call.tool() + "\",\"arguments\":"
				+ call.arguments() + (modern ? MODERN_META : "") + "}}";
		String name = modern ? "Mcp-Name: " + call.tool() + "\r\n" : "";
		post(name, body, 200, call.expected(), (answer) -> then.run());
	}

	private void post(String body, int status, List<String> expected, Answered then) {
		post("", body, status, expected, then);
	}

	private void post(String headers, String body, int status, List<String> expected, Answered then) {
		String request = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + this.server.getPort()
				+ "\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n" + this.headers
				+ headers + "Content-Length: " + body.length() + "\r\n\r\n" + body;
		send(request, (answer) -> {
			if (answer.isDone()) {
				String text = answer.body();
				if (answer.status() != status || !expected.stream().allMatch(text::contains)) {
					throw new IOException("Answered with " + answer.status() + " " + text);
				}
				this.exchange = null;
				if (answer.isClosing()) {
					disconnect();
				}
				then.accept(answer);
			}
		});
	}

	/**
	 * Open a stream with GET.
	 * @param lastEventId where to go on, or {@code null} for the standalone stream
	 * @param listener learns of all that comes
	 * @param unavailable what to do if the server says that it can't serve it now
	 */
	void listen(@Nullable String lastEventId, Listener listener, Runnable unavailable) {
		String request = "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + this.server.getPort()
				+ "\r\nAccept: text/event-stream\r\n" + this.headers
				+ ((lastEventId != null) ? "Last-Event-ID: " + lastEventId + "\r\n" : "") + "\r\n";
		send(request, (answer) -> {
			if (answer.isAnswered() && answer.status() == 503) {
				disconnect();
				unavailable.run();
				return;
			}
			if (answer.isAnswered() && (answer.status() != 200 || answer.isDone())) {
				throw new IOException("A stream ended with " + answer.status() + " " + answer.body());
			}
			listener.read(answer);
		});
	}

	private void send(String request, Listener listener) {
		if (this.exchange != null) {
			throw new IllegalStateException("The last request is not answered yet");
		}
		this.exchange = new HttpExchange();
		this.listener = listener;
		this.unsent = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
		try {
			if (this.channel == null) {
				connect();
			}
			else {
				write();
			}
		}
		catch (IOException ex) {
			fail(ex);
		}
	}

	private void connect() throws IOException {
		SocketChannel channel = SocketChannel.open();
		this.channel = channel;
		channel.configureBlocking(false);
		boolean connected = channel.connect(this.server);
		this.key = channel.register(this.clients.selector(), SelectionKey.OP_CONNECT, this);
		if (connected) {
			write();
		}
	}

	/**
	 * Go on with what was waited for.
	 * @param in room for what has come
	 */
	void ready(ByteBuffer in) {
		SocketChannel channel = this.channel;
		SelectionKey key = this.key;
		if (channel == null || key == null || !key.isValid()) {
			return;
		}
		try {
			if (key.isConnectable()) {
				channel.finishConnect();
				write();
			}
			else if (key.isWritable()) {
				write();
			}
			else if (key.isReadable()) {
				read(channel, in);
			}
		}
		catch (IOException ex) {
			fail(ex);
		}
	}

	private void write() throws IOException {
		SocketChannel channel = this.channel;
		ByteBuffer unsent = this.unsent;
		SelectionKey key = this.key;
		if (channel == null || unsent == null || key == null) {
			throw new IllegalStateException("There is nothing to send");
		}
		channel.write(unsent);
		key.interestOps(unsent.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
	}

	private void read(SocketChannel channel, ByteBuffer in) throws IOException {
		in.clear();
		int length = channel.read(in);
		in.flip();
		HttpExchange exchange = this.exchange;
		Listener listener = this.listener;
		if (exchange == null || listener == null) {
			if (length >= 0) {
				throw new IOException("The server sent something that nobody asked for");
			}
			disconnect();
			return;
		}
		if (length < 0) {
			throw new IOException("The server closed a connection with a request under way");
		}
		exchange.read(in);
		listener.read(exchange);
	}

	private void fail(IOException ex) {
		disconnect();
		this.clients.failed(this, ex);
	}

	/**
	 * Close the connection, whatever is under way on it.
	 */
	void disconnect() {
		SocketChannel channel = this.channel;
		this.channel = null;
		this.key = null;
		this.exchange = null;
		if (channel != null) {
			try {
				channel.close();
			}
			catch (IOException ex) {
				// It is gone either way
			}
		}
	}

	/**
	 * In which way a client talks to its server.
	 */
	enum Era {

		/**
		 * It begins a session of revision 2025-11-25.
		 */
		LEGACY,

		/**
		 * Each of its requests says all by itself, as revision 2026-07-28 has it.
		 */
		MODERN

	}

	/**
	 * Learns of what has come of a response.
	 */
	@FunctionalInterface
	interface Listener {

		/**
		 * Something has come.
		 * @param exchange all that has come
		 * @throws IOException if it isn't what was expected
		 */
		void read(HttpExchange exchange) throws IOException;

	}

	/**
	 * Goes on after a response.
	 */
	@FunctionalInterface
	private interface Answered {

		void accept(HttpExchange exchange);

	}

}
