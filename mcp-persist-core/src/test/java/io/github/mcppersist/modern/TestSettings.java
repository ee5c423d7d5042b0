package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskStore;

/**
 * Settings of tests, and a store.
 */
final class TestSettings {

	static final Duration HEARTBEAT = Duration.ofSeconds(5);

	static final Duration INPUT_TIMEOUT = Duration.ofMinutes(10);

	static final ModernSettings SETTINGS = withSubscriptions(3);

	private TestSettings() {
	}

	static ModernSettings withSubscriptions(int maxSubscriptions) {
		return new ModernSettings(HEARTBEAT, 1000, 1_000_000, 3, 2, maxSubscriptions, Math.max(2, maxSubscriptions / 2),
				0, "private", INPUT_TIMEOUT, 2, 2, List.of(), Duration.ofSeconds(30), TaskOptions.defaults());
	}

	static Parking parking(Threads threads, ModernSettings settings, TaskStore tasks,
			Supplier<InitializeResult> server) {
		return new Parking(threads, new EndpointObserver() {
		}, store(tasks), settings, new Messages(McpJsonDefaults.getMapper(), settings, server));
	}

	static ModernStore store() {
		return store(new InMemoryTaskStore());
	}

	static ModernStore store(TaskStore tasks) {
		return new ModernStore(tasks, NodeRegistry.single(), () -> "test", (message) -> Mono.empty(),
				(node, message) -> {
				});
	}

}
