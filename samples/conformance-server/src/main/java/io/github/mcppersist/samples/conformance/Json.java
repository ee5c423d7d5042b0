package io.github.mcppersist.samples.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.TypeRef;

/**
 * JSON as text, through the SDK's own mapper.
 */
final class Json {

	private static final TypeRef<Map<String, Object>> OBJECT = new TypeRef<>() {
	};

	private Json() {
	}

	static Map<String, Object> object(String text) {
		try {
			return McpJsonDefaults.getMapper().readValue(text, OBJECT);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Not a JSON object: " + text, ex);
		}
	}

	static String text(Object value) {
		try {
			return McpJsonDefaults.getMapper().writeValueAsString(value);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Can't be written as JSON: " + value.getClass(), ex);
		}
	}

}
