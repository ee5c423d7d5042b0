package io.github.mcppersist.modern;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * Which notifications a client wants on a subscription (MCP 2026-07-28, "Subscriptions",
 * notification filter).
 *
 * @param toolsListChanged whether it wants to know of changed tools
 * @param promptsListChanged whether it wants to know of changed prompts
 * @param resourcesListChanged whether it wants to know of changed lists of resources
 * @param resourceSubscriptions the URIs of the resources whose updates it wants to know
 * of
 * @param taskIds the IDs of the tasks whose states it wants to know (MCP extension
 * {@code io.modelcontextprotocol/tasks}, "Task Status Notifications")
 */
record SubscriptionFilter(boolean toolsListChanged, boolean promptsListChanged, boolean resourcesListChanged,
		Set<String> resourceSubscriptions, Set<String> taskIds) {

	static final int MAX_RESOURCES = 1000;

	static final int MAX_CHARACTERS = 65_536;

	static final int MAX_TASKS = 100;

	/**
	 * What knowing of a resource or task costs at least, however short its URI or ID is.
	 */
	private static final int MIN_CHARACTERS = 32;

	private static final String NAME = "notifications";

	private static final String TOOLS = "toolsListChanged";

	private static final String PROMPTS = "promptsListChanged";

	private static final String RESOURCES = "resourcesListChanged";

	private static final String UPDATES = "resourceSubscriptions";

	private static final String TASKS = "taskIds";

	/**
	 * Read the filter of a request.
	 * @param params the parameters of the request
	 * @return what it asks for; what is unknown here is left out
	 * @throws RefusedException if there is none, it isn't as the schema has it, or it
	 * names more than {@value #MAX_RESOURCES} resources, {@value #MAX_CHARACTERS}
	 * characters of URIs, or {@value #MAX_TASKS} tasks
	 */
	static SubscriptionFilter of(@Nullable Object params) {
		if (!(params instanceof Map<?, ?> members) || !(members.get(NAME) instanceof Map<?, ?> filter)) {
			throw new RefusedException(ErrorResponse.invalidParams(NAME + " must be an object"));
		}
		return new SubscriptionFilter(flag(filter, TOOLS), flag(filter, PROMPTS), flag(filter, RESOURCES), uris(filter),
				tasks(filter));
	}

	private static boolean flag(Map<?, ?> filter, String name) {
		Object value = filter.get(name);
		if (value != null && !(value instanceof Boolean)) {
			throw invalid(name, "must be a boolean");
		}
		return Boolean.TRUE.equals(value);
	}

	private static Set<String> texts(Map<?, ?> filter, String name) {
		Object value = filter.get(name);
		if (value == null) {
			return Set.of();
		}
		if (!(value instanceof Collection<?> members) || !members.stream().allMatch(String.class::isInstance)) {
			throw invalid(name, "must be an array of texts");
		}
		Set<String> texts = new LinkedHashSet<>();
		members.forEach((text) -> texts.add((String) text));
		return texts;
	}

	private static Set<String> tasks(Map<?, ?> filter) {
		Set<String> tasks = texts(filter, TASKS);
		if (tasks.size() > MAX_TASKS) {
			throw invalid(TASKS, "may have " + MAX_TASKS + " IDs: open more subscriptions for more");
		}
		return tasks;
	}

	private static Set<String> uris(Map<?, ?> filter) {
		Set<String> uris = texts(filter, UPDATES);
		if (uris.size() > MAX_RESOURCES || characters(uris) > MAX_CHARACTERS) {
			throw invalid(UPDATES, "may have " + MAX_RESOURCES + " URIs, of " + MAX_CHARACTERS
					+ " characters in all: open more subscriptions for more");
		}
		return uris;
	}

	private static RefusedException invalid(String name, String reason) {
		return new RefusedException(ErrorResponse.invalidParams(NAME + "." + name + " " + reason));
	}

	private static int characters(Collection<String> uris) {
		return uris.stream().mapToInt(String::length).sum();
	}

	/**
	 * Leave out what the server doesn't tell.
	 * @param server what the server can do
	 * @return what it agrees to
	 */
	SubscriptionFilter honouredBy(ServerCapabilities server) {
		ServerCapabilities.ResourceCapabilities resources = server.resources();
		return new SubscriptionFilter(
				this.toolsListChanged && server.tools() != null && Boolean.TRUE.equals(server.tools().listChanged()),
				this.promptsListChanged && server.prompts() != null
						&& Boolean.TRUE.equals(server.prompts().listChanged()),
				this.resourcesListChanged && resources != null && Boolean.TRUE.equals(resources.listChanged()),
				(resources != null && Boolean.TRUE.equals(resources.subscribe())) ? this.resourceSubscriptions
						: Set.of(),
				this.taskIds);
	}

	/**
	 * Leave out the tasks that aren't there.
	 * @param found the IDs of those that are
	 * @return what the server agrees to
	 */
	SubscriptionFilter withTasks(Set<String> found) {
		return new SubscriptionFilter(this.toolsListChanged, this.promptsListChanged, this.resourcesListChanged,
				this.resourceSubscriptions, found);
	}

	/**
	 * Count what it costs to know of the resources and tasks.
	 * @return the characters of their URIs and IDs, {@value #MIN_CHARACTERS} for each at
	 * least
	 */
	int characters() {
		return Stream.concat(this.resourceSubscriptions.stream(), this.taskIds.stream())
			.mapToInt((text) -> Math.max(text.length(), MIN_CHARACTERS))
			.sum();
	}

	/**
	 * Say whether a notification is wanted, and for which others it stands, too.
	 * @param method the method
	 * @param params the parameters
	 * @return what it is about: of several about the same the last one says all; or
	 * {@code null} if it isn't wanted
	 */
	@Nullable String subject(String method, Map<String, ?> params) {
		boolean wanted = switch (method) {
			case McpSchema.METHOD_NOTIFICATION_TOOLS_LIST_CHANGED -> this.toolsListChanged;
			case McpSchema.METHOD_NOTIFICATION_PROMPTS_LIST_CHANGED -> this.promptsListChanged;
			case McpSchema.METHOD_NOTIFICATION_RESOURCES_LIST_CHANGED -> this.resourcesListChanged;
			case McpSchema.METHOD_NOTIFICATION_RESOURCES_UPDATED ->
				params.get("uri") instanceof String uri && this.resourceSubscriptions.contains(uri);
			default -> false;
		};
		if (!wanted) {
			return null;
		}
		return McpSchema.METHOD_NOTIFICATION_RESOURCES_UPDATED.equals(method) ? method + " " + params.get("uri")
				: method;
	}

	/**
	 * Return the filter as it is in an acknowledgement.
	 * @return what is wanted, and nothing of what isn't
	 */
	Map<String, Object> toMap() {
		Map<String, Object> filter = new LinkedHashMap<>();
		if (this.toolsListChanged) {
			filter.put(TOOLS, true);
		}
		if (this.promptsListChanged) {
			filter.put(PROMPTS, true);
		}
		if (this.resourcesListChanged) {
			filter.put(RESOURCES, true);
		}
		if (!this.resourceSubscriptions.isEmpty()) {
			filter.put(UPDATES, List.copyOf(this.resourceSubscriptions));
		}
		if (!this.taskIds.isEmpty()) {
			filter.put(TASKS, List.copyOf(this.taskIds));
		}
		return filter;
	}

}
