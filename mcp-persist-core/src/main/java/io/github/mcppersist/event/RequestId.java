package io.github.mcppersist.event;

/**
 * The ID of a JSON-RPC request, a string or an integer, as JSON text. It is stored with
 * the stream that answers the request.
 *
 * @param json the JSON text, such as {@code 7} or {@code "a"}: at most
 * {@value #MAX_BYTES} bytes of UTF-8
 */
public record RequestId(String json) {

	/**
	 * How long an ID may be, in UTF-8 bytes of its JSON text: it is in the header of its
	 * stream, which the store reads with each event.
	 */
	public static final int MAX_BYTES = 256;

	public RequestId {
		// What is wrong goes to the client that sent the ID, and the ID doesn't
		if (json.length() > MAX_BYTES || utf8Length(json) > MAX_BYTES) {
			throw new IllegalArgumentException("an ID may have " + MAX_BYTES + " bytes");
		}
		if (!isInteger(json) && !isString(json)) {
			throw new IllegalArgumentException("an ID must be a string or an integer");
		}
	}

	private static int utf8Length(String text) {
		int bytes = 0;
		for (int i = 0; i < text.length(); i++) {
			char c = text.charAt(i);
			if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
				bytes += 4;
				i++;
			}
			else if (Character.isSurrogate(c)) {
				throw new IllegalArgumentException("an ID has half of a surrogate pair");
			}
			else {
				bytes += (c < 0x80) ? 1 : (c < 0x800) ? 2 : 3;
			}
		}
		return bytes;
	}

	private static boolean isInteger(String json) {
		int first = json.startsWith("-") ? 1 : 0;
		for (int i = first; i < json.length(); i++) {
			if (json.charAt(i) < '0' || json.charAt(i) > '9') {
				return false;
			}
		}
		return json.length() > first;
	}

	private static boolean isString(String json) {
		int last = json.length() - 1;
		if (last < 1 || json.charAt(0) != '"' || json.charAt(last) != '"') {
			return false;
		}
		for (int i = 1; i < last; i++) {
			char c = json.charAt(i);
			if (c == '"' || c < ' ') {
				return false;
			}
			if (c == '\\') {
				i++;
				if (i == last) {
					return false;
				}
			}
		}
		return true;
	}

	/**
	 * Return the JSON text.
	 */
	@Override
	public String toString() {
		return this.json;
	}

}
