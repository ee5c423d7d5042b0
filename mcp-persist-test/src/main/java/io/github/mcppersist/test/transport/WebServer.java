package io.github.mcppersist.test.transport;

/**
 * A web server in front of an endpoint, which it serves at {@code /mcp}.
 */
public interface WebServer extends AutoCloseable {

	/**
	 * Return the port.
	 * @return the loopback port
	 */
	int port();

	@Override
	void close() throws Exception;

}
