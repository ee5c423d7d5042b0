package io.github.mcppersist.test.redis;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Supplies Redis to tests: a parameter of type {@link TestRedis}, for a class (in its
 * constructor or {@code @BeforeAll}) or for one test. It takes the first that there is
 * <ol>
 * <li>of the server that the system property {@code mcp.persist.test.redis-uri} or the
 * environment variable {@code MCP_PERSIST_TEST_REDIS_URI} names,
 * <li>a container, where Docker answers,
 * <li>{@code redis-server} on the PATH,
 * <li>the binary in the embedded-redis dependency.
 * </ol>
 * If there is none the test fails. It is never skipped: a suite that was skipped proves
 * nothing.
 */
public final class RedisExtension implements ParameterResolver {

	private static String sharedUri;

	/**
	 * Return the address of the Redis that all tests of this JVM share, for use where no
	 * parameter can be had, as in {@code @DynamicPropertySource}.
	 * @return the URI
	 */
	public static synchronized String uri() {
		RedisBinary.checkMarked();
		if (sharedUri == null) {
			String uri = TestRedis.setting("mcp.persist.test.redis-uri");
			// Whoever asks for a certain binary doesn't want a container
			if (uri == null && TestRedis.setting("mcp.persist.test.redis-server") == null) {
				uri = docker();
			}
			sharedUri = (uri != null) ? uri : RedisServer.start().uri();
		}
		return sharedUri;
	}

	private static String docker() {
		try {
			return DockerRedis.start();
		}
		catch (LinkageError ex) {
			// A module that uses this extension without Testcontainers
			return null;
		}
	}

	@Override
	public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
		return parameter.getParameter().getType() == TestRedis.class;
	}

	@Override
	public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
		return context.getStore(ExtensionContext.Namespace.create(RedisExtension.class, context.getUniqueId()))
			.getOrComputeIfAbsent(TestRedis.class, (type) -> new TestRedis(uri()), TestRedis.class);
	}

}
