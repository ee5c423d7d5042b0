package io.github.mcppersist.transport;

import java.util.function.UnaryOperator;

import io.modelcontextprotocol.common.McpTransportContext;

/**
 * What handlers are to know about the request that they are called for.
 *
 * @param transportContext what the application's extractor made of the request
 * @param carrier lets a task see what was bound to the request's thread
 */
record CallerContext(McpTransportContext transportContext, UnaryOperator<Runnable> carrier) {
}
