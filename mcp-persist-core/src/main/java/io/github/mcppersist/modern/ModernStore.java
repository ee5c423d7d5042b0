package io.github.mcppersist.modern;

import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.task.TaskStore;

/**
 * Where calls are kept that outlive a request.
 *
 * @param tasks the store, whose signals come on delivery threads
 * @param nodes the nodes that share it, whose registry's answers come there, too
 * @param serverName returns the name of the MCP server, once there is one
 * @param tellNodes tells all other nodes; completes when it is sent
 * @param tellNode tells one of them, which may not hear of it
 */
public record ModernStore(TaskStore tasks, NodeRegistry nodes, Supplier<String> serverName,
		Function<NodeMessage, Mono<Void>> tellNodes, BiConsumer<String, NodeMessage> tellNode) {

}
