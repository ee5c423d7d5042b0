package io.github.mcppersist.modern;

import java.util.function.UnaryOperator;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import io.github.mcppersist.task.RunningTask;

/**
 * What is to be known of an HTTP request when its body has come, and by the handlers that
 * it is for.
 *
 * @param headers the headers that mirror the body
 * @param principal the name of who sends it, or {@code null} for nobody
 * @param transportContext what handlers see as the transport context
 * @param reactorContext what handlers see as their Reactor context
 * @param carrier lets a task see what was bound to the request's thread
 */
public record ModernRequest(RequestHeaders headers, @Nullable String principal, McpTransportContext transportContext,
		ContextView reactorContext, UnaryOperator<Runnable> carrier) {

	/**
	 * Have a task see what was bound to the request's thread.
	 * @param task what to run
	 * @return runs it so. The application's code is called then, and not before
	 */
	Runnable carried(Runnable task) {
		return () -> this.carrier.apply(task).run();
	}

	Context addTo(Context context) {
		return context.putAll(this.reactorContext).put(McpTransportContext.KEY, this.transportContext);
	}

	Context addTo(Context context, RunningTask task) {
		return addTo(context).put(McpTransportContext.KEY, new TaskTransportContext(this.transportContext, task));
	}

}
