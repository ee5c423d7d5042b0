package io.github.mcppersist.modern;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.jspecify.annotations.Nullable;

/**
 * The value of a header that mirrors a part of the body (MCP 2026-07-28, "Value
 * Encoding").
 */
final class HeaderValue {

	private static final String PREFIX = "=?base64?";

	private static final String SUFFIX = "?=";

	private HeaderValue() {
	}

	/**
	 * Decode a value. Only the one form of Base64 is taken that a client makes, so that
	 * everybody on the way who decodes it sees the same.
	 * @param value the value as it came
	 * @return what it stands for, or {@code null} if it is malformed
	 */
	static @Nullable String decode(String value) {
		if (value.length() < PREFIX.length() + SUFFIX.length() || !value.startsWith(PREFIX)
				|| !value.endsWith(SUFFIX)) {
			return value.chars().allMatch(HeaderValue::isPlain) ? value : null;
		}
		String text = value.substring(PREFIX.length(), value.length() - SUFFIX.length());
		try {
			byte[] bytes = Base64.getDecoder().decode(text);
			return Base64.getEncoder().encodeToString(bytes).equals(text)
					? StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString() : null;
		}
		catch (IllegalArgumentException | CharacterCodingException ex) {
			return null;
		}
	}

	private static boolean isPlain(int c) {
		return c == '\t' || (c >= ' ' && c <= '~');
	}

}
