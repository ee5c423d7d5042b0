package io.github.mcppersist.modern;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * A parameter of a tool whose value a header mirrors (MCP 2026-07-28, "Custom Headers
 * from Tool Parameters").
 *
 * @param header what follows {@code Mcp-Param-} in the header's name
 * @param path where the value is in the arguments
 */
record HeaderParameter(String header, List<String> path) {

	private static final String ANNOTATION = "x-mcp-header";

	private static final String PROPERTIES = "properties";

	private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

	private static final Set<String> TYPES = Set.of("string", "integer", "boolean");

	/**
	 * Find the parameters of a tool that are mirrored.
	 * @param schema the tool's input schema
	 * @return the parameters
	 * @throws IllegalArgumentException if an annotation isn't as the specification has
	 * it, so that clients leave the tool out
	 */
	static List<HeaderParameter> of(@Nullable Map<?, ?> schema) {
		List<HeaderParameter> found = new ArrayList<>();
		if (schema != null) {
			collect(schema, List.of(), true, found);
		}
		Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
		for (HeaderParameter parameter : found) {
			if (!names.add(parameter.header())) {
				throw new IllegalArgumentException(ANNOTATION + " " + parameter.header() + " is there twice");
			}
		}
		return List.copyOf(found);
	}

	private static void collect(Map<?, ?> schema, List<String> path, boolean reachable, List<HeaderParameter> found) {
		if (schema.containsKey(ANNOTATION)) {
			found.add(parameter(schema, path, reachable));
		}
		schema.forEach((keyword, value) -> {
			if (PROPERTIES.equals(keyword) && value instanceof Map<?, ?> properties) {
				properties.forEach((name, property) -> {
					List<String> longer = new ArrayList<>(path);
					longer.add(String.valueOf(name));
					collectAny(property, longer, reachable, found);
				});
			}
			else if (!"default".equals(keyword) && !"const".equals(keyword) && !"enum".equals(keyword)
					&& !"examples".equals(keyword)) {
				collectAny(value, path, false, found);
			}
		});
	}

	private static void collectAny(@Nullable Object value, List<String> path, boolean reachable,
			List<HeaderParameter> found) {
		if (value instanceof Map<?, ?> schema) {
			collect(schema, path, reachable, found);
		}
		else if (value instanceof List<?> schemas) {
			schemas.forEach((schema) -> collectAny(schema, path, false, found));
		}
	}

	private static HeaderParameter parameter(Map<?, ?> schema, List<String> path, boolean reachable) {
		if (!(schema.get(ANNOTATION) instanceof String header) || !TOKEN.matcher(header).matches()) {
			throw new IllegalArgumentException(ANNOTATION + " must be a token, as names of headers are");
		}
		if (!reachable || path.isEmpty()) {
			throw new IllegalArgumentException(
					ANNOTATION + " " + header + " is not reached by " + PROPERTIES + " alone");
		}
		if (!isPrimitive(schema.get("type"))) {
			throw new IllegalArgumentException(
					ANNOTATION + " " + header + " is on a parameter that is no string, integer or boolean");
		}
		return new HeaderParameter(header, List.copyOf(path));
	}

	private static boolean isPrimitive(@Nullable Object type) {
		if (type instanceof List<?> types) {
			return types.stream().anyMatch(TYPES::contains)
					&& types.stream().allMatch((one) -> TYPES.contains(one) || "null".equals(one));
		}
		return type instanceof String && TYPES.contains(type);
	}

	/**
	 * Check that a header says what the arguments say.
	 * @param headers the headers of the request
	 * @param arguments the arguments of the request
	 * @throws RefusedException if it is missing, malformed or differs
	 */
	void check(RequestHeaders headers, @Nullable Object arguments) {
		String mirrored = headers.parameter(this.header);
		Object value = value(arguments);
		if (value == null && mirrored == null) {
			return;
		}
		if (mirrored == null) {
			throw RequestHeaders.missing(RequestHeaders.PARAMETER + this.header);
		}
		if (value == null || !isSame(value, mirrored)) {
			throw RequestHeaders.differs(RequestHeaders.PARAMETER + this.header);
		}
	}

	private @Nullable Object value(@Nullable Object arguments) {
		Object value = arguments;
		for (String name : this.path) {
			value = (value instanceof Map<?, ?> object) ? object.get(name) : null;
		}
		return value;
	}

	private static boolean isSame(Object value, String mirrored) {
		if (value instanceof Number number) {
			try {
				return new BigDecimal(mirrored).compareTo(new BigDecimal(number.toString())) == 0;
			}
			catch (NumberFormatException ex) {
				return false;
			}
		}
		return (value instanceof String || value instanceof Boolean) && value.toString().equals(mirrored);
	}

}
