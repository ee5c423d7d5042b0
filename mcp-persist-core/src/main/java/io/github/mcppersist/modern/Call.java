package io.github.mcppersist.modern;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
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

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.stream.UserCode;

/**
 * A request from its arrival until its handler has ended and its response has left. Its
 * client cancels it by closing the response (MCP 2026-07-28, "Cancellation").
 * Thread-safe.
 */
final class Call extends UserCode implements RoundResponse.Listener {

	private static final Logger logger = LoggerFactory.getLogger(Call.class);

	private final Threads threads;

	private final EndpointObserver observer;

	private final Messages messages;

	private final JSONRPCRequest request;

	private final RoundResponse response;

	private final Consumer<Call> over;

	private final Handling handling = new Handling();

	private final AtomicBoolean handled = new AtomicBoolean();

	private final AtomicBoolean closed = new AtomicBoolean();

	/**
	 * What is yet to end: the handler and the response.
	 */
	private final AtomicInteger open = new AtomicInteger(2);

	/**
	 * What the SDK sees of it while it is handled.
	 */
	private volatile @Nullable McpStreamableServerSessionStream sdkStream;

	/**
	 * Create a call.
	 * @param threads the endpoint's threads
	 * @param observer is told when it is cancelled
	 * @param messages write what goes to the client
	 * @param settings the settings
	 * @param request the request
	 * @param reply answers it
	 * @param over is told when all is over, once
	 */
	Call(Threads threads, EndpointObserver observer, Messages messages, ModernSettings settings, JSONRPCRequest request,
			ModernReply reply, Consumer<Call> over) {
		super(threads.delivery());
		this.threads = threads;
		this.observer = observer;
		this.messages = messages;
		this.request = request;
		this.over = over;
		this.response = new RoundResponse(threads, reply, settings, this);
	}

	JSONRPCRequest request() {
		return this.request;
	}

	RoundResponse response() {
		return this.response;
	}

	/**
	 * Handle the request on this thread, unless it was cancelled before.
	 * @param task {@linkplain #handle(McpStreamableServerSessionStream, Mono) handles}
	 * the request, with what belongs to it bound to the thread
	 */
	void begins(Runnable task) {
		begin(task);
		if (isStopping()) {
			handled();
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

	/**
	 * Send the result of the handler, unless the request was cancelled or has its
	 * response.
	 * @param message the response
	 */
	void answer(byte[] message) {
		if (end()) {
			this.response.end(200, message);
		}
	}

	/**
	 * Send an error in place of a result, unless the request was cancelled or has its
	 * response.
	 * @param error the error
	 */
	void fail(ErrorResponse error) {
		if (end()) {
			this.response.end(error.status(), this.messages.error(this.request.id(), error));
		}
	}

	/**
	 * The request won't be handled.
	 * @param error what its client gets
	 */
	void refuse(ErrorResponse error) {
		fail(error);
		handled();
	}

	/**
	 * Stop the handler, and end the request with an error.
	 * @param error what its client gets
	 */
	void abandon(ErrorResponse error) {
		stop();
		this.response.end(error.status(), this.messages.error(this.request.id(), error));
	}

	boolean isCancelled() {
		return isStopping();
	}

	@Override
	public void clientGone() {
		if (stop()) {
			logger.debug("A request was cancelled: its client has closed the response");
			this.observer.requestCancelled();
		}
	}

	@Override
	public void closed() {
		if (this.closed.compareAndSet(false, true)) {
			ended();
		}
	}

	@Override
	public void carryOn(Runnable task) {
		run(task);
	}

	@Override
	protected void failed(Throwable ex) {
		fail(ErrorResponse.internal("Internal error: the request could not be answered"));
		// The SDK learns of it in no other way
		dispose();
	}

	@Override
	protected void dispose() {
		this.threads.release(() -> {
			this.handling.dispose();
			McpStreamableServerSessionStream stream = this.sdkStream;
			if (stream != null) {
				stream.close();
			}
			handled();
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

	private void handled() {
		if (this.handled.compareAndSet(false, true)) {
			ended();
		}
	}

	private void ended() {
		if (this.open.decrementAndGet() == 0) {
			this.over.accept(this);
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
			fail(ErrorResponse.internal("Internal error: the request could not be answered"));
		}

		@Override
		protected void hookOnComplete() {
			fail(ErrorResponse.internal("Internal error: the request was handled without a result"));
		}

		@Override
		protected void hookFinally(SignalType type) {
			handled();
		}

	}

}
