package io.github.mcppersist.test.transport;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * An MCP client on plain sockets, so that a test decides what goes over the wire and when
 * a connection is cut. Every read has a time limit.
 */
public final class RawMcpClient {

	private static final int READ_TIMEOUT_MILLIS = 60_000;

	/**
	 * In which an event comes, whatever comments come meanwhile.
	 */
	private static final long EVENT_TIMEOUT_NANOS = TimeUnit.MINUTES.toNanos(2);

	private final int port;

	private final String path;

	private String protocolVersion = "2025-11-25";

	private @Nullable String sessionId;

	private @Nullable String user;

	private final Map<String, String> ownHeaders = new LinkedHashMap<>();

	private int receiveBuffer;

	public RawMcpClient(int port, String path) {
		this.port = port;
		this.path = path;
	}

	public RawMcpClient protocolVersion(String protocolVersion) {
		this.protocolVersion = protocolVersion;
		return this;
	}

	/**
	 * Make the buffer of the connections to come so small that the server notices at once
	 * when this client stops reading.
	 * @return this client
	 */
	public RawMcpClient stalling() {
		this.receiveBuffer = 4096;
		return this;
	}

	public RawMcpClient sessionId(String sessionId) {
		this.sessionId = sessionId;
		return this;
	}

	/**
	 * Return a client of the same session that talks to another server.
	 * @param port the port of the other server
	 * @return the other client
	 */
	public RawMcpClient at(int port) {
		RawMcpClient other = new RawMcpClient(port, this.path);
		other.protocolVersion = this.protocolVersion;
		other.sessionId = this.sessionId;
		other.user = this.user;
		other.ownHeaders.putAll(this.ownHeaders);
		return other;
	}

	/**
	 * Send each request as a user.
	 * @param user the user's name
	 * @return this client
	 */
	public RawMcpClient user(@Nullable String user) {
		this.user = user;
		return this;
	}

	/**
	 * Send a header with each request.
	 * @param name the name
	 * @param value the value
	 * @return this client
	 */
	public RawMcpClient header(String name, String value) {
		this.ownHeaders.put(name, value);
		return this;
	}

	public String sessionId() {
		if (this.sessionId == null) {
			throw new IllegalStateException("Not initialized");
		}
		return this.sessionId;
	}

	/**
	 * Initialize a session and keep its ID.
	 * @return this client
	 * @throws IOException if the server refuses
	 */
	public RawMcpClient initialize() throws IOException {
		return initialize("{}");
	}

	public RawMcpClient initialize(String capabilities) throws IOException {
		String body = "{\"jsonrpc\":\"2.0\",\"id\":\"init\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":\""
				+ this.protocolVersion + "\",\"capabilities\":" + capabilities
				+ ",\"clientInfo\":{\"name\":\"raw\",\"version\":\"1\"}}}";
		try (Exchange exchange = send("POST", postHeaders(), body)) {
			if (exchange.status() != 200) {
				throw new IOException("initialize was answered with " + exchange.status() + " " + exchange.body());
			}
			this.sessionId = exchange.header("mcp-session-id");
		}
		try (Exchange exchange = post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}")) {
			if (exchange.status() != 202) {
				throw new IOException("initialized was answered with " + exchange.status());
			}
		}
		return this;
	}

	public Exchange call(Object id, String tool, String arguments) throws IOException {
		String jsonId = (id instanceof String) ? "\"" + id + "\"" : id.toString();
		return post("{\"jsonrpc\":\"2.0\",\"id\":" + jsonId + ",\"method\":\"tools/call\",\"params\":{\"name\":\""
				+ tool + "\",\"arguments\":" + arguments + "}}");
	}

	public Exchange post(String body) throws IOException {
		return send("POST", postHeaders(), body);
	}

	public Exchange get(@Nullable String lastEventId) throws IOException {
		Map<String, String> headers = sessionHeaders();
		headers.put("Accept", "text/event-stream");
		if (lastEventId != null) {
			headers.put("Last-Event-ID", lastEventId);
		}
		return send("GET", headers, null);
	}

	public Exchange delete() throws IOException {
		return send("DELETE", sessionHeaders(), null);
	}

	public Map<String, String> postHeaders() {
		Map<String, String> headers = sessionHeaders();
		headers.put("Accept", "application/json, text/event-stream");
		headers.put("Content-Type", "application/json");
		return headers;
	}

	public Map<String, String> sessionHeaders() {
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put("Host", "localhost:" + this.port);
		headers.putAll(this.ownHeaders);
		if (this.user != null) {
			headers.put("X-Test-User", this.user);
		}
		if (this.sessionId != null) {
			headers.put("Mcp-Session-Id", this.sessionId);
			headers.put("MCP-Protocol-Version", this.protocolVersion);
		}
		return headers;
	}

	/**
	 * Send a request and read the head of the response.
	 * @param method the method
	 * @param headers all headers but those on the body
	 * @param body the body, or {@code null} for none
	 * @return the response, whose body is yet to be read
	 * @throws IOException if the connection fails
	 */
	public Exchange send(String method, Map<String, String> headers, @Nullable String body) throws IOException {
		byte[] bytes = (body != null) ? body.getBytes(StandardCharsets.UTF_8) : new byte[0];
		Map<String, String> all = new LinkedHashMap<>(headers);
		if (body != null) {
			all.put("Content-Length", Integer.toString(bytes.length));
		}
		return exchange(method, all, bytes);
	}

	/**
	 * Send a request whose body comes in two chunks, its length untold.
	 * @param method the method
	 * @param headers all headers but those on the body
	 * @param body the body, at least two ASCII characters
	 * @return the response, whose body is yet to be read
	 * @throws IOException if the connection fails
	 */
	public Exchange sendChunked(String method, Map<String, String> headers, String body) throws IOException {
		Map<String, String> all = new LinkedHashMap<>(headers);
		all.put("Transfer-Encoding", "chunked");
		int half = body.length() / 2;
		String chunks = Integer.toHexString(half) + "\r\n" + body.substring(0, half) + "\r\n"
				+ Integer.toHexString(body.length() - half) + "\r\n" + body.substring(half) + "\r\n0\r\n\r\n";
		return exchange(method, all, chunks.getBytes(StandardCharsets.US_ASCII));
	}

	private Exchange exchange(String method, Map<String, String> headers, byte[] body) throws IOException {
		Socket socket = new Socket();
		try {
			if (this.receiveBuffer > 0) {
				socket.setReceiveBufferSize(this.receiveBuffer);
			}
			socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), this.port), READ_TIMEOUT_MILLIS);
			socket.setSoTimeout(READ_TIMEOUT_MILLIS);
			socket.setTcpNoDelay(true);
			StringBuilder head = new StringBuilder(method + " " + this.path + " HTTP/1.1\r\n");
			headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
			ByteArrayOutputStream request = new ByteArrayOutputStream();
			request.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
			request.writeBytes(body);
			socket.getOutputStream().write(request.toByteArray());
			return new Exchange(socket);
		}
		catch (IOException ex) {
			socket.close();
			throw ex;
		}
	}

	/**
	 * One SSE event as it came over the wire.
	 *
	 * @param id the {@code id} field, or {@code null} without one
	 * @param data the {@code data} field
	 * @param retry the {@code retry} field, or {@code null} without one
	 */
	public record SseEvent(@Nullable String id, String data, @Nullable String retry) {
	}

	/**
	 * One response.
	 */
	public static final class Exchange implements Closeable {

		private final Socket socket;

		private final InputStream in;

		private final int status;

		private final Map<String, String> headers = new LinkedHashMap<>();

		private final byte[] buffer = new byte[8192];

		private int from;

		private int to;

		private long chunkLeft;

		private boolean lengthTaken;

		private boolean chunkTaken;

		private boolean ended;

		Exchange(Socket socket) throws IOException {
			this.socket = socket;
			this.in = new BufferedInputStream(socket.getInputStream());
			this.status = Integer.parseInt(readLine().split(" ")[1]);
			for (String line = readLine(); !line.isEmpty(); line = readLine()) {
				int colon = line.indexOf(':');
				this.headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
			}
		}

		public int status() {
			return this.status;
		}

		public @Nullable String header(String name) {
			return this.headers.get(name.toLowerCase(Locale.ROOT));
		}

		/**
		 * Read the whole body.
		 * @return the body
		 * @throws IOException if it doesn't arrive in time
		 */
		public String body() throws IOException {
			ByteArrayOutputStream body = new ByteArrayOutputStream();
			for (int next = read(); next >= 0; next = read()) {
				body.write(next);
			}
			return body.toString(StandardCharsets.UTF_8);
		}

		/**
		 * Read the next event.
		 * @return the event, or {@code null} at the end of the stream
		 * @throws IOException if none arrives in time
		 */
		public @Nullable SseEvent next() throws IOException {
			String id = null;
			String retry = null;
			StringBuilder data = new StringBuilder();
			boolean any = false;
			long begun = System.nanoTime();
			while (true) {
				String line = bodyLine();
				if (line == null) {
					return null;
				}
				if (System.nanoTime() - begun > EVENT_TIMEOUT_NANOS) {
					throw new SocketTimeoutException("No event has come, but for comments");
				}
				if (line.isEmpty()) {
					if (any) {
						return new SseEvent(id, data.toString(), retry);
					}
				}
				else if (!line.startsWith(":")) {
					any = true;
					String value = line.substring(line.indexOf(':') + 1).trim();
					if (line.startsWith("id")) {
						id = value;
					}
					else if (line.startsWith("retry")) {
						retry = value;
					}
					else if (line.startsWith("data")) {
						data.append((data.length() > 0) ? "\n" : "").append(value);
					}
				}
			}
		}

		/**
		 * Read all events up to the end of the stream.
		 * @return the events
		 * @throws IOException if the end doesn't come in time
		 */
		public List<SseEvent> rest() throws IOException {
			List<SseEvent> events = new ArrayList<>();
			addRest(events);
			return events;
		}

		/**
		 * Read all events up to the end of the stream, or to where the server has cut it:
		 * what is in the middle of a chunk can't be ended in order.
		 * @return the events
		 * @throws IOException if neither comes in time
		 */
		public List<SseEvent> restOrCut() throws IOException {
			List<SseEvent> events = new ArrayList<>();
			try {
				addRest(events);
			}
			catch (EOFException ex) {
				// In the middle of an event, which doesn't count
			}
			return events;
		}

		private void addRest(List<SseEvent> events) throws IOException {
			for (SseEvent event = next(); event != null; event = next()) {
				events.add(event);
			}
		}

		/**
		 * Read one byte of the raw body, whatever it is.
		 * @return the byte, or -1 at the end
		 * @throws IOException if none arrives in time
		 */
		public int read() throws IOException {
			return fill() ? this.buffer[this.from++] & 0xff : -1;
		}

		/**
		 * Read up to and with the next comment.
		 * @throws IOException if none arrives in time
		 */
		public void awaitComment() throws IOException {
			String line = bodyLine();
			while (!line.startsWith(":")) {
				line = bodyLine();
			}
		}

		/**
		 * Make sure that there is something of the body in the buffer.
		 * @return whether there is, or it has ended
		 */
		private boolean fill() throws IOException {
			while (this.from == this.to && !this.ended) {
				if (this.chunkLeft == 0) {
					this.ended = !nextChunk();
				}
				else {
					int length = (int) Math.min(this.buffer.length, this.chunkLeft);
					this.to = need(this.in.read(this.buffer, 0, length));
					this.from = 0;
					this.chunkLeft -= this.to;
				}
			}
			return this.from < this.to;
		}

		private boolean nextChunk() throws IOException {
			if (isChunked()) {
				if (this.chunkTaken) {
					// Only now: a server may send the end of a chunk with the next one
					readLine();
				}
				this.chunkTaken = true;
				this.chunkLeft = Long.parseLong(readLine().trim(), 16);
			}
			else {
				this.chunkLeft = this.lengthTaken ? 0
						: Long.parseLong(this.headers.getOrDefault("content-length", "0"));
				this.lengthTaken = true;
			}
			return this.chunkLeft > 0;
		}

		private boolean isChunked() {
			return "chunked".equals(this.headers.get("transfer-encoding"));
		}

		/**
		 * Cut the connection: the server gets a reset.
		 * @throws IOException never, but for the signature
		 */
		public void cut() throws IOException {
			this.socket.setSoLinger(true, 0);
			this.socket.close();
		}

		@Override
		public void close() throws IOException {
			this.socket.close();
		}

		private @Nullable String bodyLine() throws IOException {
			ByteArrayOutputStream line = new ByteArrayOutputStream();
			while (fill()) {
				int end = this.from;
				while (end < this.to && this.buffer[end] != '\n') {
					end++;
				}
				line.write(this.buffer, this.from, end - this.from);
				this.from = Math.min(end + 1, this.to);
				if (end < this.to) {
					return line.toString(StandardCharsets.UTF_8);
				}
			}
			return null;
		}

		private String readLine() throws IOException {
			ByteArrayOutputStream line = new ByteArrayOutputStream();
			while (true) {
				int next = need(this.in.read());
				if (next == '\n') {
					return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
				}
				line.write(next);
			}
		}

		private static int need(int read) throws EOFException {
			if (read < 0) {
				throw new EOFException("The server closed the connection in the middle of a response");
			}
			return read;
		}

	}

}
