package io.github.mcppersist.observe;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.transport.ContextCapture;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Is told what happens in a {@link StreamableHttpEndpoint}, for metrics and traces. What
 * merely is, such as how many connections are open, tells
 * {@link StreamableHttpEndpoint#statistics()}.
 * <p>
 * An observer is told in the order in which things happen, one at a time, and a moment
 * later: ten milliseconds, or as long as the observers take. But for
 * {@link #resumeStarted()} that is on a thread of its own, where no event waits for it.
 * One that is slower than what happens isn't told all of it, which is logged. What it
 * throws is logged, and changes nothing. What it doesn't implement it isn't told.
 */
public interface EndpointObserver {

	/**
	 * A call of a store has ended. Calls that are cancelled are passed over.
	 * @param operation what was called
	 * @param nanos how long it took, in nanoseconds
	 * @param failure why it failed, or {@code null} if it didn't
	 */
	default void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
	}

	/**
	 * Messages were stored.
	 * @param messages how many, priming events not among them
	 */
	default void eventsStored(int messages) {
	}

	/**
	 * Messages were given up that the store didn't take: it refused them, or was out of
	 * reach for too long. Connected clients got them, but no resume will.
	 * @param messages how many
	 */
	default void eventsDropped(int messages) {
	}

	/**
	 * A client comes back with {@code Last-Event-ID}. Called at once, on the thread that
	 * brings the request, which is the one that calls
	 * {@link StreamableHttpEndpoint#handle}, with what a {@link ContextCapture} takes
	 * along of the request's Reactor context bound to it.
	 * @return is told how it goes on
	 */
	default Resume resumeStarted() {
		return new Resume() {
		};
	}

	/**
	 * A reader was found to miss events that aren't kept any more, or can't be read.
	 */
	default void gapFound() {
	}

	/**
	 * Something that is stored can't be opened: its key is unknown, or it was changed.
	 * @param kind what it is
	 */
	default void payloadUnreadable(PayloadPlace.Kind kind) {
	}

	/**
	 * A session that this node didn't hold was restored from the store.
	 */
	default void sessionRestored() {
	}

	/**
	 * A session that is in use could not be stored, since there are as many as the store
	 * keeps: it goes on, but only on this node. Told for each attempt.
	 */
	default void sessionNotStored() {
	}

	/**
	 * A request, or a call that was parked, was ended with an error in place of the node
	 * that ran it, which has gone.
	 * @param era of which revisions it is; tasks are of those of {@link Era#MODERN}
	 */
	default void orphanEnded(Era era) {
	}

	/**
	 * A request is about to be handled: it wasn't refused, and isn't one that goes on
	 * with a call that was parked.
	 * @param era of which revisions it is
	 */
	default void requestStarted(Era era) {
	}

	/**
	 * A request that ran on this node was cancelled by its client.
	 */
	default void requestCancelled() {
	}

	/**
	 * A round of a call that runs on this node ends with what its client, of revision
	 * 2026-07-28, is asked for: the first one, with which the call is parked, or one more
	 * (MCP 2026-07-28, "Multi Round-Trip Requests").
	 */
	default void inputRequired() {
	}

	/**
	 * A client has come back with input for a call that runs on this node, to whichever
	 * node.
	 * @param nanos how long it has taken since it was asked, in nanoseconds
	 */
	default void inputReceived(long nanos) {
	}

	/**
	 * A call of this node that has asked its client for input is over. How many aren't
	 * {@link EndpointStatistics#parkedCalls()} tells.
	 * @param outcome how it has ended
	 */
	default void parkedCallEnded(ParkedCallOutcome outcome) {
	}

	/**
	 * A call that runs on this node has become a task (MCP extension
	 * {@code io.modelcontextprotocol/tasks}). How many aren't over
	 * {@link EndpointStatistics#tasks()} tells.
	 */
	default void taskCreated() {
	}

	/**
	 * A call that was to become a task has not: it goes on without, and is tried again,
	 * or its client gets an error if it must be one. Told once for each reason that a
	 * call meets, however often it is tried.
	 * @param reason why not
	 */
	default void taskNotCreated(NoTask reason) {
	}

	/**
	 * A task of this node is over.
	 * @param outcome how it has ended
	 * @param nanos how long it was one, in nanoseconds
	 */
	default void taskEnded(TaskOutcome outcome, long nanos) {
	}

	/**
	 * A client was refused that wants to go on with a call, since the state that it has
	 * brought back leads nowhere.
	 * @param rejection why
	 */
	default void requestStateRejected(RequestStateRejection rejection) {
	}

	/**
	 * Is told how a resume goes on.
	 */
	interface Resume {

		/**
		 * Messages that the client missed were read from the store for it.
		 * @param messages how many, at least 1
		 */
		default void replayed(int messages) {
		}

		/**
		 * The resume is over: what was missed has been read, or never will be. Called
		 * exactly once.
		 * @param outcome how it ended
		 * @param failure what the store said if that is why, or {@code null}
		 */
		default void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
		}

	}

}
