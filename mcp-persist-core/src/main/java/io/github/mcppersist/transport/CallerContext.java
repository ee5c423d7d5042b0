package io.github.mcppersist.transport;

import java.util.function.UnaryOperator;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What is to be known of a request when its body has come, and by the handlers that it is
 * for. By then the request itself may be over.
 *
 * @param sessionId the session that it names, if any
 * @param caller who sends it
 * @param protocolVersion the protocol version that it names, if any
 * @param userAgent what its sender calls itself, if anything
 * @param transportContext what the application's extractor made of the request
 * @param reactorContext what the request's Reactor context holds
 * @param carrier lets a task see what was bound to the request's thread
 */
record CallerContext(@Nullable String sessionId, Caller caller, @Nullable String protocolVersion,
		@Nullable String userAgent, McpTransportContext transportContext, ContextView reactorContext,
		UnaryOperator<Runnable> carrier) {

	/**
	 * Read what is to be known of a request.
	 * @param request the request
	 * @param callers finds out who sends it
	 * @param capture takes along what is bound to the request's thread
	 * @return the context
	 * @throws RejectedRequestException if it can't be told who sends it
	 */
	static CallerContext of(EndpointRequest request, Callers callers, ContextCapture capture) {
		ContextView reactorContext = request.reactorContext();
		return new CallerContext(request.header(HeaderRules.SESSION_ID), callers.of(request),
				request.header(HeaderRules.PROTOCOL_VERSION), request.header(HeaderRules.USER_AGENT),
				request.transportContext(), reactorContext, capture.capture(reactorContext));
	}

	/**
	 * Have a task see what was bound to the request's thread.
	 * @param task what to run
	 * @return runs it so. The application's code is called then, and not before
	 */
	Runnable carried(Runnable task) {
		return () -> this.carrier.apply(task).run();
	}

	/**
	 * Add to a handler's context what the request came with.
	 * @param context the context
	 * @param transportContext what the handler sees as the transport context
	 * @return the context with it
	 */
	Context addTo(Context context, McpTransportContext transportContext) {
		return context.putAll(this.reactorContext).put(McpTransportContext.KEY, transportContext);
	}

}
