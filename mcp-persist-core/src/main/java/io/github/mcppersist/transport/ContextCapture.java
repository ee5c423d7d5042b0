package io.github.mcppersist.transport;

import java.util.function.UnaryOperator;

import reactor.util.context.ContextView;

/**
 * Takes what belongs to a request, such as who is logged in, along to the thread that
 * handles it.
 */
@FunctionalInterface
public interface ContextCapture {

	/**
	 * Capture what is bound to the calling thread, which is the one that calls
	 * {@link StreamableHttpEndpoint#handle}, and what is in the request's Reactor
	 * context. The request may be over, and its connection gone, before its handler ends.
	 * @param reactorContext the context, which goes before what is bound to the thread;
	 * empty where requests are bound to threads
	 * @return makes a task into one that runs with what was captured, on any thread, and
	 * leaves that thread as it was; called once for each request of a batch, whose tasks
	 * run at the same time
	 */
	UnaryOperator<Runnable> capture(ContextView reactorContext);

}
