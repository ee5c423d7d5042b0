package io.github.mcppersist.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * One response, read as it comes: of HTTP/1.1 what the servers under test send, and no
 * more. It costs the client next to nothing, which shares the machine with the server.
 */
final class HttpExchange {

	private static final int MAX_HEAD_BYTES = 16 * 1024;

	private final ByteArrayOutputStream line = new ByteArrayOutputStream(128);

	private final ByteArrayOutputStream body = new ByteArrayOutputStream(256);

	private State state = State.STATUS;

	private int status;

	private @Nullable String sessionId;

	private boolean chunked;

	private boolean closing;

	private long left;

	private int headBytes;

	/**
	 * Read on.
	 * @param in what has come
	 * @throws IOException if it is no response
	 */
	void read(ByteBuffer in) throws IOException {
		while (in.hasRemaining() && this.state != State.DONE) {
			switch (this.state) {
				case BODY, CHUNK -> readBody(in);
				default -> {
					if (readLine(in)) {
						accept(this.line.toString(StandardCharsets.ISO_8859_1));
						this.line.reset();
					}
				}
			}
		}
	}

	private boolean readLine(ByteBuffer in) throws IOException {
		while (in.hasRemaining()) {
			byte next = in.get();
			if (next == '\n') {
				return true;
			}
			if (next != '\r') {
				this.line.write(next);
			}
			if (this.line.size() > MAX_HEAD_BYTES) {
				throw new IOException("No line of a response: " + this.line.toString(StandardCharsets.ISO_8859_1));
			}
		}
		return false;
	}

	private void readBody(ByteBuffer in) {
		int length = (int) Math.min(this.left, in.remaining());
		this.body.write(in.array(), in.arrayOffset() + in.position(), length);
		in.position(in.position() + length);
		this.left -= length;
		if (this.left == 0) {
			this.state = this.chunked ? State.CHUNK_END : State.DONE;
		}
	}

	private void accept(String text) throws IOException {
		switch (this.state) {
			case STATUS -> status(text);
			case HEADER -> header(text);
			case CHUNK_SIZE -> chunk(text);
			case CHUNK_END -> {
				this.state = State.CHUNK_SIZE;
			}
			case TRAILER -> trailer(text);
			default -> throw new IllegalStateException("No line is expected in the state " + this.state);
		}
	}

	private void status(String text) throws IOException {
		if (!text.startsWith("HTTP/1.1 ")) {
			throw new IOException("No status: " + text);
		}
		this.status = Integer.parseInt(text.substring(9, 12));
		this.state = State.HEADER;
	}

	private void chunk(String text) {
		this.left = Long.parseLong(text, 16);
		this.state = (this.left > 0) ? State.CHUNK : State.TRAILER;
	}

	private void trailer(String text) {
		if (text.isEmpty()) {
			this.state = State.DONE;
		}
	}

	private void header(String text) throws IOException {
		this.headBytes += text.length();
		if (this.headBytes > MAX_HEAD_BYTES) {
			throw new IOException("Headers of more than " + MAX_HEAD_BYTES + " bytes");
		}
		if (text.isEmpty()) {
			State body = (this.left > 0) ? State.BODY : State.DONE;
			this.state = this.chunked ? State.CHUNK_SIZE : body;
			return;
		}
		int colon = text.indexOf(':');
		if (colon < 0) {
			throw new IOException("No header: " + text);
		}
		String value = text.substring(colon + 1).trim();
		if (is(text, colon, "Content-Length")) {
			this.left = Long.parseLong(value);
		}
		else if (is(text, colon, "Transfer-Encoding")) {
			this.chunked = value.equalsIgnoreCase("chunked");
		}
		else if (is(text, colon, "Connection")) {
			this.closing = value.equalsIgnoreCase("close");
		}
		else if (is(text, colon, McpLoadClient.SESSION_ID)) {
			this.sessionId = value;
		}
	}

	private static boolean is(String header, int length, String name) {
		return length == name.length() && header.regionMatches(true, 0, name, 0, length);
	}

	boolean isDone() {
		return this.state == State.DONE;
	}

	/**
	 * Say whether the headers have come.
	 * @return whether the status and the headers are known
	 */
	boolean isAnswered() {
		return this.state != State.STATUS && this.state != State.HEADER;
	}

	int status() {
		return this.status;
	}

	@Nullable String sessionId() {
		return this.sessionId;
	}

	/**
	 * Say whether the server closes the connection after this response.
	 * @return whether another request needs another connection
	 */
	boolean isClosing() {
		return this.closing;
	}

	/**
	 * Return what has come of the body.
	 * @return the body up to here
	 */
	String body() {
		return this.body.toString(StandardCharsets.UTF_8);
	}

	/**
	 * What is read next.
	 */
	private enum State {

		STATUS, HEADER, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, DONE

	}

}
