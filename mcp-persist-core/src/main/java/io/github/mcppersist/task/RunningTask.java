package io.github.mcppersist.task;

import java.time.Duration;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpSyncServerExchange;

/**
 * The call that a tool runs for, as a task: one that outlives its connection (MCP
 * extension {@code io.modelcontextprotocol/tasks}). No tool needs this; one that does can
 * tell its client how it goes on, or has a long time to live. Never blocks, and can be
 * called from any thread, in the synchronous as well as the asynchronous API. Where the
 * call can't become a task, it does nothing.
 */
public interface RunningTask {

	/**
	 * Where the transport context of a request has it.
	 */
	String CONTEXT_KEY = RunningTask.class.getName();

	/**
	 * Return the call that a tool runs for.
	 * @param exchange what the tool was given
	 * @return the call
	 */
	static RunningTask of(McpSyncServerExchange exchange) {
		return of(exchange.transportContext());
	}

	/**
	 * Return the call that a tool runs for.
	 * @param exchange what the tool was given
	 * @return the call
	 */
	static RunningTask of(McpAsyncServerExchange exchange) {
		return of(exchange.transportContext());
	}

	private static RunningTask of(McpTransportContext context) {
		return (context.get(CONTEXT_KEY) instanceof RunningTask task) ? task : NoTask.INSTANCE;
	}

	/**
	 * Say whether the call is a task. It may become one while it runs.
	 * @return whether its client follows it by its ID
	 */
	boolean isTask();

	/**
	 * Tell the client how the call goes on, once it is a task. Of what is told within a
	 * second only the last is seen. A progress notification with a message tells the
	 * same.
	 * @param statusMessage what the client is told, which users and models may see; of
	 * more than 1,000 characters the first ones
	 */
	void setStatusMessage(String statusMessage);

	/**
	 * Have the task kept for longer, for its client to fetch its result. The client has
	 * so long, too, to answer each time what it is asked, and an outage of the store that
	 * doesn't take longer doesn't lose how the call ends.
	 * @param timeToLive for how long at least, from the creation of the task on. It is
	 * never made shorter
	 * @throws IllegalArgumentException if it isn't positive, or more than ten years
	 */
	void setTimeToLive(Duration timeToLive);

	/**
	 * Say whether nobody waits for the call any more: its client has cancelled it, or
	 * another node has ended it. Its thread is interrupted, too, or its {@code Mono}
	 * cancelled; this is for code that sees neither.
	 * @return whether to stop; what the tool returns is dropped
	 */
	boolean isCancelled();

}
