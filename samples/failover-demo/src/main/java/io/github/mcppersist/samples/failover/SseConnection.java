package io.github.mcppersist.samples.failover;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * A response of Server-Sent Events, read line by line. Closing it before its end closes
 * the TCP connection under it, which is all that the server gets to see of a lost client.
 */
final class SseConnection implements AutoCloseable {

	private final InputStream body;

	private final BufferedReader reader;

	private @Nullable String lastEventId;

	SseConnection(InputStream body) {
		this.body = body;
		this.reader = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
	}

	/**
	 * Wait for the next event. Comments are passed over.
	 * @return the event, or {@code null} when the server has closed the connection
	 * @throws IOException if the connection broke
	 */
	@Nullable SseEvent next() throws IOException {
		String id = null;
		StringBuilder data = new StringBuilder();
		boolean empty = true;
		for (String line = this.reader.readLine(); line != null; line = this.reader.readLine()) {
			if (line.isEmpty()) {
				if (!empty) {
					this.lastEventId = (id != null) ? id : this.lastEventId;
					return new SseEvent(id, data.toString());
				}
			}
			else if (line.startsWith("id:")) {
				id = value(line);
				empty = false;
			}
			else if (line.startsWith("data:")) {
				data.append((data.isEmpty()) ? "" : "\n").append(value(line));
				empty = false;
			}
		}
		return null;
	}

	/**
	 * Return where a resume has to start.
	 * @return the ID of the last event that was received whole and has one
	 */
	String lastEventId() {
		if (this.lastEventId == null) {
			throw new IllegalStateException("No event with an ID was received, so there is nothing to resume from");
		}
		return this.lastEventId;
	}

	/**
	 * Not by the reader, which would wait for whoever is reading.
	 */
	@Override
	public void close() throws IOException {
		this.body.close();
	}

	private static String value(String line) {
		String value = line.substring(line.indexOf(':') + 1);
		return (value.startsWith(" ")) ? value.substring(1) : value;
	}

}
