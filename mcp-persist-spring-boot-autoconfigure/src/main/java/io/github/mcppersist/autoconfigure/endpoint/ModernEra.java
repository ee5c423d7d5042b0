package io.github.mcppersist.autoconfigure.endpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.payload.KeyProperties;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.transport.ModernOptions;

/**
 * Whether the auto-configured endpoint serves clients of revision 2026-07-28, and how.
 */
public final class ModernEra {

	/**
	 * By name: the SDK's server of that revision is experimental, and came with version
	 * 2.2.0.
	 */
	private static final List<String> SDK_TYPES = List.of("io.modelcontextprotocol.modern.server.McpRequestManager",
			"io.modelcontextprotocol.modern.server.transport.HttpServletMcpTransport");

	private final McpPersistProperties.Modern properties;

	private final McpPersistProperties.Tasks tasks;

	private final Environment environment;

	private final @Nullable String obstacle;

	ModernEra(McpPersistProperties properties, Environment environment, ConfigurableListableBeanFactory beans) {
		this.properties = properties.modern();
		this.tasks = properties.tasks();
		this.environment = environment;
		this.obstacle = this.properties.enabled() ? findObstacle(beans) : null;
	}

	private static @Nullable String findObstacle(ConfigurableListableBeanFactory beans) {
		String sdkServers = SDK_TYPES.stream()
			.flatMap((type) -> names(beans, type))
			.distinct()
			.map((name) -> "'" + name + "'")
			.collect(Collectors.joining(", "));
		if (!sdkServers.isEmpty()) {
			return "since the application has a server of the MCP SDK's for it, the bean " + sdkServers;
		}
		if (isPresent(beans, NodeRegistry.class) && !isPresent(beans, TaskStore.class)) {
			return "since there is a NodeRegistry and no TaskStore that its nodes share. Declare one";
		}
		return null;
	}

	private static Stream<String> names(ConfigurableListableBeanFactory beans, String type) {
		ClassLoader classLoader = beans.getBeanClassLoader();
		return ClassUtils.isPresent(type, classLoader)
				? Arrays.stream(beans.getBeanNamesForType(ClassUtils.resolveClassName(type, classLoader), true, false))
				: Stream.empty();
	}

	private static boolean isPresent(ConfigurableListableBeanFactory beans, Class<?> type) {
		return beans.getBeanNamesForType(type, true, false).length > 0;
	}

	/**
	 * Say why that revision isn't served although it is switched on.
	 * @return the reason, for people, or {@code null} if there is none
	 */
	public @Nullable String obstacle() {
		return this.obstacle;
	}

	/**
	 * Return whether that revision is served.
	 * @return whether it is switched on, and nothing is in its way
	 */
	public boolean isServed() {
		return this.properties.enabled() && this.obstacle == null;
	}

	/**
	 * Return the options as the properties have them.
	 * @return the options, or {@code null} if that revision isn't served
	 * @throws InvalidRequestStateKeysException if a key can't be used
	 */
	@Nullable ModernOptions options() {
		if (!isServed()) {
			return null;
		}
		ModernOptions.Builder builder = ModernOptions.builder()
			.inputTimeout(this.properties.inputTimeout())
			.maxParkedCalls(this.properties.maxParkedCalls())
			.maxParkedCallsPerPrincipal(this.properties.maxParkedCallsPerPrincipal())
			.maxCalls(this.properties.maxCalls())
			.maxCallsPerPrincipal(this.properties.maxCallsPerPrincipal())
			.maxSubscriptions(this.properties.maxSubscriptions())
			.maxSubscriptionsPerPrincipal(this.properties.maxSubscriptionsPerPrincipal())
			.heartbeatInterval(this.properties.heartbeatInterval())
			.cacheTtl(this.properties.cache().ttl())
			.cacheScope(this.properties.cache().scope())
			.tasks(tasks());
		refuseMissingKeys();
		List<byte[]> keys = new ArrayList<>();
		for (String text : this.properties.requestState().keys()) {
			String property = KeyProperties.REQUEST_STATE.keys() + "[" + keys.size() + "]";
			keys.add(decode(property, text.trim()));
			setKeys(builder, property, keys);
		}
		return builder.build();
	}

	private TaskOptions tasks() {
		TaskOptions.Builder builder = TaskOptions.builder()
			.when(this.tasks.when())
			.after(this.tasks.after())
			.timeToLive(this.tasks.ttl())
			.pollInterval(this.tasks.pollInterval())
			.maxTasks(this.tasks.maxTasks())
			.maxTasksPerPrincipal(this.tasks.maxTasksPerPrincipal());
		this.tasks.tools().forEach(builder::tool);
		return builder.build();
	}

	// As a map in place of a list, or a variable that is empty
	private void refuseMissingKeys() {
		String set = this.properties.requestState().keys().isEmpty()
				? KeyProperties.REQUEST_STATE.findIn(this.environment) : null;
		if (set != null) {
			throw new InvalidRequestStateKeysException(set, "There is no key in it");
		}
	}

	private static byte[] decode(String property, String text) {
		try {
			return Base64.getDecoder().decode(text);
		}
		catch (IllegalArgumentException ex) {
			// Says what it has found
			throw new InvalidRequestStateKeysException(property, "It isn't Base64");
		}
	}

	private static void setKeys(ModernOptions.Builder builder, String property, List<byte[]> keys) {
		try {
			builder.requestStateKeys(keys);
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidRequestStateKeysException(property, Objects.requireNonNull(ex.getMessage()));
		}
	}

}
