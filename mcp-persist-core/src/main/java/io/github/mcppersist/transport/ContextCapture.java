package io.github.mcppersist.transport;

import java.util.function.UnaryOperator;

/**
 * Takes what is bound to the thread that brings a request, such as who is logged in,
 * along to the thread that handles it.
 */
@FunctionalInterface
public interface ContextCapture {

	/**
	 * Capture what is bound to the calling thread, which is the one that calls
	 * {@link StreamableHttpEndpoint#handle}. The request may be over, and its connection
	 * gone, before its handler ends.
	 * @return makes a task into one that runs with what was captured, on any thread, and
	 * leaves that thread as it was
	 */
	UnaryOperator<Runnable> capture();

}
