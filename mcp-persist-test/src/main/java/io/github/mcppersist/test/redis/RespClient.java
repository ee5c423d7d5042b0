package io.github.mcppersist.test.redis;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The smallest Redis client: one blocking connection that sends a command and returns its
 * reply. It sets tests up and looks behind the store's back, so it shares no code with
 * the clients under test.
 */
public final class RespClient implements AutoCloseable {

	private final Socket socket;

	private final InputStream input;

	/**
	 * Connect to a server.
	 * @param port the port on the loopback address
	 * @param timeout how long it may take to connect, and each reply to come
	 * @throws IOException if nothing listens there
	 */
	public RespClient(int port, Duration timeout) throws IOException {
		this.socket = new Socket();
		try {
			this.socket.setSoTimeout((int) timeout.toMillis());
			this.socket.connect(new InetSocketAddress("127.0.0.1", port), (int) timeout.toMillis());
			this.input = new BufferedInputStream(this.socket.getInputStream());
		}
		catch (IOException ex) {
			this.socket.close();
			throw ex;
		}
	}

	/**
	 * Send a command and wait for its reply.
	 * @param command the command and its arguments
	 * @return the reply: a String, a Long, a List of replies, or {@code null}
	 * @throws IOException if none comes in time
	 * @throws RedisServer.ErrorReply if it is an error
	 */
	public Object send(String... command) throws IOException {
		ByteArrayOutputStream request = new ByteArrayOutputStream();
		write(request, "*" + command.length + "\r\n");
		for (String part : command) {
			byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
			write(request, "$" + bytes.length + "\r\n");
			request.write(bytes);
			write(request, "\r\n");
		}
		OutputStream output = this.socket.getOutputStream();
		output.write(request.toByteArray());
		output.flush();
		return read();
	}

	/**
	 * Wait for what a subscription brings next.
	 * @return what the server sends, as of a reply
	 * @throws IOException if nothing comes in time
	 */
	public Object receive() throws IOException {
		return read();
	}

	private static void write(OutputStream output, String text) throws IOException {
		output.write(text.getBytes(StandardCharsets.UTF_8));
	}

	private Object read() throws IOException {
		String line = readLine();
		String rest = line.substring(1);
		return switch (line.charAt(0)) {
			case '+' -> rest;
			case ':' -> Long.valueOf(rest);
			case '-' -> throw new RedisServer.ErrorReply(rest);
			case '$' -> readBulk(Integer.parseInt(rest));
			case '*' -> readArray(Integer.parseInt(rest));
			default -> throw new IOException("Not a Redis reply: " + line);
		};
	}

	private Object readBulk(int length) throws IOException {
		if (length < 0) {
			return null;
		}
		byte[] bytes = this.input.readNBytes(length);
		if (bytes.length < length || this.input.readNBytes(2).length < 2) {
			throw new EOFException("Redis closed the connection");
		}
		return new String(bytes, StandardCharsets.UTF_8);
	}

	private Object readArray(int length) throws IOException {
		if (length < 0) {
			return null;
		}
		List<Object> array = new ArrayList<>();
		for (int i = 0; i < length; i++) {
			array.add(read());
		}
		return array;
	}

	private String readLine() throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		while (true) {
			int next = this.input.read();
			if (next < 0) {
				throw new EOFException("Redis closed the connection");
			}
			if (next == '\r') {
				this.input.skipNBytes(1);
				return line.toString(StandardCharsets.UTF_8);
			}
			line.write(next);
		}
	}

	@Override
	public void close() throws IOException {
		this.socket.close();
	}

}
