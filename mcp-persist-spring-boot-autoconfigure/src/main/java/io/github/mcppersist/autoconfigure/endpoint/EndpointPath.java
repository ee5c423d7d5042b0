package io.github.mcppersist.autoconfigure.endpoint;

/**
 * Where the endpoint is served, for people.
 *
 * @param value the path with everything before it
 */
public record EndpointPath(String value) {

	/**
	 * Join the parts of a path, whichever of them have slashes at their ends.
	 * @param parts the parts, each of which may be empty
	 * @return the path
	 */
	public static EndpointPath of(String... parts) {
		return new EndpointPath(String.join("/", parts).replaceAll("/{2,}", "/"));
	}

}
