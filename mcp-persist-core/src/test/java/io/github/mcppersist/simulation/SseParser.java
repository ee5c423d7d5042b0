package io.github.mcppersist.simulation;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Reads Server-Sent Events from chunks, as the HTML standard has it.
 */
final class SseParser {

	private final BiConsumer<@Nullable String, String> onEvent;

	private final ByteArrayOutputStream line = new ByteArrayOutputStream();

	private @Nullable String id;

	private StringBuilder data = new StringBuilder();

	/**
	 * Create a parser.
	 * @param onEvent is told of each event that is whole: its ID if it has one, and its
	 * data, which may be empty
	 */
	SseParser(BiConsumer<@Nullable String, String> onEvent) {
		this.onEvent = onEvent;
	}

	void read(byte[] chunk) {
		for (byte b : chunk) {
			if (b == '\n') {
				line(this.line.toString(StandardCharsets.UTF_8));
				this.line.reset();
			}
			else {
				this.line.write(b);
			}
		}
	}

	private void line(String text) {
		if (text.startsWith("id: ")) {
			this.id = text.substring(4);
		}
		else if (text.startsWith("data: ")) {
			this.data.append(text, 6, text.length());
		}
		else if (text.isEmpty() && (this.id != null || !this.data.isEmpty())) {
			this.onEvent.accept(this.id, this.data.toString());
			this.id = null;
			this.data = new StringBuilder();
		}
	}

}
