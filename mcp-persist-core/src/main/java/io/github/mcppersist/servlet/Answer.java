package io.github.mcppersist.servlet;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * What a request is answered with.
 *
 * @param status the HTTP status
 * @param headers the headers
 * @param body the body, or {@code null} if it is a stream
 */
record Answer(int status, Map<String, String> headers, byte @Nullable [] body) {

	boolean isStream() {
		return this.body == null;
	}

}
