package io.github.mcppersist.autoconfigure;

/**
 * Where the endpoint is served, for people.
 *
 * @param value the path with everything before it
 */
record EndpointPath(String value) {

	static EndpointPath of(String... parts) {
		return new EndpointPath(String.join("/", parts).replaceAll("/{2,}", "/"));
	}

}
