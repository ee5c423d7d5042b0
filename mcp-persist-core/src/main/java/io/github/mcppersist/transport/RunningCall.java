package io.github.mcppersist.transport;

import java.util.List;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.HandledRequest;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.RequestLog;

/**
 * A request from its arrival until its handler has ended: what can be cancelled, and what
 * is left behind by a handler that doesn't end as it should. Thread-safe.
 */
final class RunningCall extends HandledRequest implements ServerRequests.Asker {

	private static final Logger logger = LoggerFactory.getLogger(RunningCall.class);

	private final EndpointRuntime runtime;

	private final Session session;

	private final Call call;

	private final RequestLog log;

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
	 * Handle the request.
	 * @param stream what the SDK sees of it
	 * @param work handles the request when it is subscribed to
	 */
	void handle(McpStreamableServerSessionStream stream, Mono<Void> work) {
		this.sdkStream = stream;
		handle(work);
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
	@Override
	protected void fail(String error) {
		if (end()) {
			this.log.handled(this.call.id(), error);
		}
		handled();
	}

	/**
	 * End the request without a response: its client gets a refusal in its place.
	 */
	void refuse() {
		this.log.cancel(this.call.id());
		handled();
	}

	/**
	 * Its stream has ended, whether it has been handled or not: nobody answers what its
	 * handler may have asked.
	 */
	void streamEnded() {
		release();
	}

	@Override
	protected void dispose() {
		this.runtime.threads().release(() -> {
			cancelHandler();
			List<ServerRequests.Pending> asked = beginClosing(true);
			if (asked != null) {
				close(asked);
			}
			handled();
		});
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

	@Override
	protected void ended() {
		this.session.ended(this);
		release();
	}

}
