package io.github.mcppersist.transport;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

import io.github.mcppersist.observe.Era;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.RequestLog;
import io.github.mcppersist.stream.UserCode;

/**
 * A request from its arrival until its handler has ended: what can be cancelled, and what
 * is left behind by a handler that doesn't end as it should. Thread-safe.
 */
final class RunningCall extends UserCode implements ServerRequests.Asker {

	private static final Logger logger = LoggerFactory.getLogger(RunningCall.class);

	private final EndpointRuntime runtime;

	private final Session session;

	private final Call call;

	private final RequestLog log;

	private final AtomicBoolean ended = new AtomicBoolean();

	private final Handling handling = new Handling();

	/**
	 * What the SDK sees of it while it is handled.
	 */
	private volatile @Nullable McpStreamableServerSessionStream sdkStream;

	/**
	 * Whether its handler has sent a request to the client.
	 */
	private volatile boolean asking;

	/**
	 * Whether the SDK's stream is, or is about to be, closed by us.
	 */
	private boolean closing;

	RunningCall(EndpointRuntime runtime, Session session, Call call, RequestLog log) {
		super(runtime.threads().delivery());
		this.runtime = runtime;
		this.session = session;
		this.call = call;
		this.log = log;
	}

	Call call() {
		return this.call;
	}

	RequestLog log() {
		return this.log;
	}

	/**
	 * Handle the request on this thread, unless it was cancelled before.
	 * @param task {@linkplain #handle(McpStreamableServerSessionStream, Mono) handles}
	 * the request, with what belongs to it bound to the thread
	 */
	void begins(Runnable task) {
		begin(() -> {
			this.runtime.observer().requestStarted(Era.LEGACY);
			task.run();
		});
		if (isStopping()) {
			ended();
		}
	}

	/**
	 * Handle the request.
	 * @param stream what the SDK sees of it
	 * @param work handles the request when it is subscribed to
	 */
	void handle(McpStreamableServerSessionStream stream, Mono<Void> work) {
		this.sdkStream = stream;
		work.subscribe(this.handling);
	}

	@Override
	public void carryOn(Runnable task) {
		run(task);
	}

	/**
	 * Note that the handler sends a request to the client.
	 */
	void asks() {
		this.asking = true;
	}

	/**
	 * Note that the response is about to be sent.
	 * @return whether it can be; not, if the request was cancelled
	 */
	boolean answers() {
		return end();
	}

	/**
	 * Say whether the response is about to be sent, or was, so that nothing else is.
	 * @return whether {@link #answers()} has said so
	 */
	boolean isAnswered() {
		return isOver();
	}

	boolean isCancelled() {
		return isStopping();
	}

	/**
	 * Cancel the request: its handler is stopped, and nothing more is sent for it.
	 * @return whether that was to be done; not, if it has its response
	 */
	boolean cancel() {
		if (!stop()) {
			return false;
		}
		logger.debug("A request was cancelled by its client");
		this.log.cancel(this.call.id());
		this.runtime.observer().requestCancelled();
		release();
		return true;
	}

	/**
	 * End the request with an error, unless it has a response.
	 * @param error what to say, as for {@link RequestLog#handled}
	 */
	void fail(String error) {
		if (end()) {
			this.log.handled(this.call.id(), error);
		}
		ended();
	}

	/**
	 * End the request without a response: its client gets a refusal in its place.
	 */
	void refuse() {
		this.log.cancel(this.call.id());
		ended();
	}

	/**
	 * Its stream has ended, whether it has been handled or not: nobody answers what its
	 * handler may have asked.
	 */
	void streamEnded() {
		release();
	}

	@Override
	public void failed(Throwable ex) {
		fail("Internal error: the request could not be answered");
		// The SDK learns of it in no other way
		dispose();
	}

	@Override
	protected void dispose() {
		this.runtime.threads().release(() -> {
			this.handling.dispose();
			List<ServerRequests.Pending> asked = beginClosing(true);
			if (asked != null) {
				close(asked);
			}
			ended();
		});
	}

	/**
	 * Reactor has an error that no operator of the handler's can take.
	 * @param ex the error
	 */
	void dropped(Throwable ex) {
		if (isStopping()) {
			logger.debug("The handler of a request that was cancelled has failed since", ex);
		}
		else if (ex instanceof VirtualMachineError || ex instanceof LinkageError) {
			// Not signalled but thrown, through operators that were done by then
			logger.error("A request's handler has thrown what can't be signalled", ex);
			failed(ex);
		}
		else {
			Operators.onErrorDropped(ex, Context.empty());
		}
	}

	private void release() {
		List<ServerRequests.Pending> asked = this.asking ? beginClosing(false) : null;
		if (asked != null) {
			// What waits for an answer fails now, and that is the user's code
			this.runtime.threads().release(() -> carryOn(() -> close(asked)));
		}
	}

	// Return what is to be told before the SDK's stream is closed, which is done once, or
	// null if there is nothing to do
	private synchronized @Nullable List<ServerRequests.Pending> beginClosing(boolean anyway) {
		if (this.closing) {
			return null;
		}
		List<ServerRequests.Pending> asked = this.runtime.serverRequests().release(this.session.name(), this);
		this.closing = anyway || !asked.isEmpty();
		return this.closing ? asked : null;
	}

	// An answer passes over what waits no longer, because it was interrupted or cancelled
	// or timed out. What closing the stream signals would have nobody to take it then
	private void close(List<ServerRequests.Pending> asked) {
		asked.forEach((request) -> this.session.sdkSession()
			.accept(JSONRPCResponse.error(request.sdkId(),
					new JSONRPCError(JsonRpcError.INTERNAL_ERROR,
							"The request that the client was asked for has ended")))
			.subscribe((nothing) -> {
			}, (ex) -> logger.debug("Nobody waits for an answer any more", ex)));
		McpStreamableServerSessionStream stream = this.sdkStream;
		if (stream != null) {
			stream.close();
		}
	}

	private void ended() {
		if (this.ended.compareAndSet(false, true)) {
			this.session.ended(this);
			release();
		}
	}

	/**
	 * Waits for the end of the handler.
	 */
	private final class Handling extends BaseSubscriber<Void> {

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		protected void hookOnError(Throwable ex) {
			logger.warn("A request could not be answered; its client gets an error", ex);
			fail("Internal error: the request could not be answered");
		}

		@Override
		protected void hookOnComplete() {
			fail("Internal error: the request was handled without a result");
		}

		@Override
		protected void hookFinally(SignalType type) {
			ended();
		}

	}

}
