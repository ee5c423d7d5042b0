package io.github.mcppersist.modern;

import io.modelcontextprotocol.common.McpTransportContext;

import io.github.mcppersist.task.RunningTask;

/**
 * The transport context of a request with the call that it began.
 *
 * @param context the context
 * @param task the call
 */
record TaskTransportContext(McpTransportContext context, RunningTask task) implements McpTransportContext {

	@Override
	public Object get(String key) {
		return RunningTask.CONTEXT_KEY.equals(key) ? this.task : this.context.get(key);
	}

}
