package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.Era;

/**
 * The request of a stream that this node doesn't run, but that a connection on it
 * follows. If nobody runs it any more, the connection ends it with an error. Not
 * thread-safe: it belongs to the connection, and is used in its mailbox only.
 */
final class FollowedRequest {

	private static final Logger logger = LoggerFactory.getLogger(FollowedRequest.class);

	private final StreamContext context;

	private final Mailbox mailbox;

	private final StreamKey stream;

	private @Nullable StreamHead head;

	/**
	 * Whether the node that opened the stream has said that it doesn't run it.
	 */
	private boolean disowned;

	private boolean ending;

	FollowedRequest(StreamContext context, Mailbox mailbox, StreamKey stream) {
		this.context = context;
		this.mailbox = mailbox;
		this.stream = stream;
	}

	/**
	 * Note what a read said of the stream.
	 * @param head the head
	 */
	void saw(StreamHead head) {
		assert this.mailbox.isInside();
		this.head = head;
	}

	void disown() {
		assert this.mailbox.isInside();
		this.disowned = true;
	}

	/**
	 * Ask the node that opened the stream whether it still runs it: after a failover of
	 * the store the response that it stored may be lost.
	 */
	void askOwner() {
		assert this.mailbox.isInside();
		String owner = (this.head != null) ? this.head.owner() : null;
		if (owner != null && !this.context.isThisNode(owner)) {
			this.context.tell(owner, new NodeMessage(NodeMessage.Kind.AWAITED, this.stream.sessionName(),
					this.stream.streamId() + ':' + this.context.nodes().nodeId()));
		}
	}

	/**
	 * End the stream with an error if nobody runs the request any more. Others may do so
	 * at the same moment, and the node that was given up may yet be alive: the store lets
	 * one of them win, and all read what that one has stored. A batch's requests all get
	 * the error, also one whose response is on the stream already: a client that has that
	 * isn't waiting for it any more.
	 * @param last the last event that is known to be stored
	 * @param then called on a delivery thread when there may be something to read
	 * @param refused is given the errors on any thread, in place of that, if they can't
	 * be stored
	 */
	void endIfOrphaned(EventId last, Runnable then, Consumer<List<Event>> refused) {
		assert this.mailbox.isInside();
		StreamHead head = this.head;
		if (this.ending || head == null || head.requestIds() == null || !isOrphaned(head)) {
			return;
		}
		this.ending = true;
		List<Event> errors = new ArrayList<>();
		for (byte[] error : JsonRpcError.forEach(head.requestIds(), JsonRpcError.INTERNAL_ERROR, outcome(head))) {
			errors.add(new Event(EventId.next(this.stream.streamId(), last.sequence() + 1 + errors.size()), error));
		}
		Mono.defer(() -> this.context.store().completeStream(this.stream, errors)).subscribe((nothing) -> {
		}, (ex) -> {
			if (isRefusal(ex)) {
				onRefused(errors, ex);
				refused.accept(errors);
			}
			else {
				logger.debug("Stream {} was not ended: {}", this.stream.streamId(), ex.getMessage());
				then.run();
			}
		}, () -> {
			this.context.observer().eventsStored(errors.size());
			this.context.observer().orphanEnded(Era.LEGACY);
			logger.atInfo()
				.addKeyValue("mcp.stream.id", this.stream.streamId())
				.addKeyValue("mcp.node.id", head.owner())
				.log("Stream {} was ended with an error: no node runs its request any more", this.stream.streamId());
			then.run();
		});
	}

	// What neither a look at the stream nor another attempt will change
	private static boolean isRefusal(Throwable ex) {
		boolean changed = ex instanceof StreamConflictException || ex instanceof StreamNotFoundException
				|| ex instanceof SessionDeletedException;
		boolean away = ex instanceof EventStoreUnavailableException || ex instanceof RejectedExecutionException;
		return !changed && !away;
	}

	private void onRefused(List<Event> errors, Throwable ex) {
		this.context.observer().eventsDropped(errors.size());
		this.context.observer().orphanEnded(Era.LEGACY);
		if (ex instanceof EventStoreRefusedException) {
			// Such a store says so itself
			logger.debug("The store refused the end of stream {}", this.stream.streamId(), ex);
		}
		else {
			logger.warn("The store refused events of stream {}: they can't be replayed", this.stream.streamId(), ex);
		}
	}

	/**
	 * An attempt to end the stream is over, with whatever outcome.
	 */
	void ended() {
		assert this.mailbox.isInside();
		this.ending = false;
	}

	private String outcome(StreamHead head) {
		String owner = head.owner();
		// One that lives has ended the request: the store refused its response, or lost
		// it
		boolean alive = this.disowned || owner == null || this.context.isThisNode(owner);
		return (alive ? "The response to the request has been lost" : "The server that ran the request has gone")
				+ "; the outcome of the request is unknown";
	}

	private boolean isOrphaned(StreamHead head) {
		String owner = head.owner();
		if (owner == null) {
			return !this.context.isShared();
		}
		return this.disowned || this.context.isThisNode(owner) || this.context.nodes().isGone(owner);
	}

}
