package io.github.mcppersist.samples.failover;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * The start line and the headers of an HTTP/1.1 request or response. The body is no
 * business of the balancer's, so that it holds nothing back.
 *
 * @param startLine the first line
 * @param fields the headers, a line each
 */
record HttpHead(String startLine, List<String> fields) {

	private static final int MAX_BYTES = 32 * 1024;

	HttpHead {
		fields = List.copyOf(fields);
	}

	/**
	 * Read a head, and nothing of what comes after it.
	 * @param in where it comes from
	 * @return the head
	 * @throws IOException if there is none, or none of a decent size
	 */
	static HttpHead read(InputStream in) throws IOException {
		StringBuilder text = new StringBuilder();
		while (text.length() < 4 || text.lastIndexOf("\r\n\r\n") != text.length() - 4) {
			int read = in.read();
			if (read == -1) {
				throw new EOFException("The connection ended in a head");
			}
			if (text.length() == MAX_BYTES) {
				throw new IOException("A head of more than " + MAX_BYTES + " bytes");
			}
			text.append((char) read);
		}
		List<String> lines = text.toString().lines().toList();
		return new HttpHead(lines.get(0), lines.subList(1, lines.size() - 1));
	}

	String path() {
		String[] parts = this.startLine.split(" ");
		return (parts.length == 3) ? parts[1].split("\\?", 2)[0] : "";
	}

	@Nullable String field(String name) {
		String start = name.toLowerCase(Locale.ROOT) + ":";
		return this.fields.stream()
			.filter((field) -> field.toLowerCase(Locale.ROOT).startsWith(start))
			.map((field) -> field.substring(start.length()).strip())
			.findFirst()
			.orElse(null);
	}

	HttpHead with(String name, String value) {
		String start = name.toLowerCase(Locale.ROOT) + ":";
		List<String> others = new ArrayList<>(this.fields);
		others.removeIf((field) -> field.toLowerCase(Locale.ROOT).startsWith(start));
		others.add(name + ": " + value);
		return new HttpHead(this.startLine, others);
	}

	byte[] bytes() {
		return (this.startLine + "\r\n" + String.join("\r\n", this.fields) + "\r\n\r\n")
			.getBytes(StandardCharsets.ISO_8859_1);
	}

}
