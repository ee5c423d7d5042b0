package io.github.mcppersist.modern;

import java.util.function.Supplier;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.task.TaskStore;

/**
 * Where calls are kept that outlive a request.
 *
 * @param tasks the store, whose signals come on delivery threads
 * @param nodes the nodes that share it
 * @param serverName returns the name of the MCP server, once there is one
 */
public record ModernStore(TaskStore tasks, NodeRegistry nodes, Supplier<String> serverName) {

}
