package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.redis.RedisEventStore;

/**
 * The append script of our store and what it is called with, for those who send it by
 * other means. All that doesn't change from call to call is made beforehand.
 */
final class AppendScript {

	private static final byte[] CHANNEL = ascii("mcp:1:n:0rT5kQ2bXw9");

	/**
	 * Neither is due on an append in the middle of a stream.
	 */
	private static final byte[] NO_RENEWAL = ascii("0");

	private static final byte[] NO_GROWTH = {};

	private static final byte[] HEADER = ascii(
			"1r" + "0".repeat(15) + "0rT5kQ2bXw9" + "-".repeat(11) + "000000006" + "1");

	private static final byte[] PRIMING = ascii("0a1b2c3d4e");

	private static final byte[] ELEMENT = ascii("0a1b2c3d4e" + new String(EventLog.MESSAGE, StandardCharsets.US_ASCII));

	private AppendScript() {
	}

	static String text() {
		return read(RedisEventStore.class, "append.lua");
	}

	static String read(Class<?> neighbour, String file) {
		try (InputStream stream = neighbour.getResourceAsStream(file)) {
			if (stream == null) {
				throw new IllegalStateException("The script " + file + " is missing from the class path");
			}
			return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	static byte[] key(StreamKey stream) {
		return ascii("mcp:1:{" + stream.sessionName() + "}:s:" + stream.streamId());
	}

	/**
	 * Return what a list begins with that holds nothing but a priming event.
	 * @return the header and the priming event
	 */
	static byte[][] opened() {
		return new byte[][] { HEADER, PRIMING };
	}

	static byte[][] arguments(long sequence) {
		return new byte[][] { ascii(Long.toString(sequence)), NO_RENEWAL, NO_GROWTH, CHANNEL, ELEMENT };
	}

	static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.ISO_8859_1);
	}

}
