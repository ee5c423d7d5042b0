package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;

/**
 * What a stream answers, as JSON text: the ID of a request, or the array of the IDs of a
 * batch's requests. It is stored with the stream, so that whoever finds that nobody
 * answers can do so.
 */
public final class RequestIds {

	/**
	 * How long the ID of a request may be, in UTF-8 bytes of its JSON text: it is in the
	 * header of its stream, which the store reads with each event.
	 */
	public static final int MAX_ID_BYTES = 256;

	private RequestIds() {
	}

	/**
	 * Join the IDs of a batch.
	 * @param ids the JSON text of each
	 * @return the JSON text of their array
	 */
	public static String ofBatch(List<String> ids) {
		return "[" + String.join(",", ids) + "]";
	}

	/**
	 * Return the IDs one by one.
	 * @param text the JSON text of an ID, or of an array of IDs
	 * @return the JSON text of each, at least one
	 */
	public static List<String> split(String text) {
		if (!text.startsWith("[")) {
			return List.of(text);
		}
		List<String> ids = new ArrayList<>();
		boolean quoted = false;
		int start = 1;
		for (int i = 1; i < text.length(); i++) {
			char c = text.charAt(i);
			if (quoted && c == '\\') {
				i++;
			}
			else if (c == '"') {
				quoted = !quoted;
			}
			else if (!quoted && (c == ',' || c == ']')) {
				ids.add(text.substring(start, i));
				start = i + 1;
			}
		}
		return List.copyOf(ids);
	}

}
