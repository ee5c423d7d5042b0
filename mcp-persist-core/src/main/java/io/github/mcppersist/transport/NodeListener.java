package io.github.mcppersist.transport;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.modern.ModernHandler;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.SseConnection;

/**
 * Does what other nodes tell this one. Only what this node holds is concerned: whatever
 * it doesn't hold it finds in the stores when it is asked for it.
 */
final class NodeListener implements NodeRegistry.Listener {

	private static final Logger logger = LoggerFactory.getLogger(NodeListener.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final ClientAnswers answers;

	private final ResourceSubscriptions subscriptions;

	private final Broadcasts broadcasts;

	private final ListenedResources listened;

	private final @Nullable ModernHandler modern;

	private final Runnable look;

	private final Mailbox turns = new Mailbox();

	/**
	 * What has come: the delivery threads may overtake each other on the way to a turn.
	 */
	private final Queue<String> received = new ConcurrentLinkedQueue<>();

	/**
	 * Create a listener.
	 * @param runtime what all streams share
	 * @param sessions the sessions that this node holds
	 * @param answers takes clients' answers
	 * @param subscriptions is told of subscriptions
	 * @param broadcasts notifies those that listen here
	 * @param listened is told what is listened to elsewhere
	 * @param modern serves the modern era, or {@code null} if that isn't served
	 * @param look finds out what messages that were missed may have told
	 */
	NodeListener(EndpointRuntime runtime, Sessions sessions, ClientAnswers answers, ResourceSubscriptions subscriptions,
			Broadcasts broadcasts, ListenedResources listened, @Nullable ModernHandler modern, Runnable look) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.answers = answers;
		this.subscriptions = subscriptions;
		this.broadcasts = broadcasts;
		this.listened = listened;
		this.modern = modern;
		this.look = look;
	}

	@Override
	public void received(String text) {
		this.received.add(text);
		this.runtime.threads().deliver(this.turns, () -> {
			NodeMessage message = this.runtime.streams().message(this.received.remove());
			if (message == null) {
				logger.debug(
						"A message of another node is for another MCP server, or of a kind that this version doesn't know");
			}
			else {
				handle(message);
			}
		});
	}

	@Override
	public void missed() {
		this.runtime.threads().deliver(this.turns, () -> {
			this.look.run();
			this.sessions.storeAgain();
		});
	}

	private void handle(NodeMessage message) {
		switch (message.kind()) {
			case SUBSCRIBED -> this.subscriptions.add(List.of(message.subject()));
			case UNSAVED -> this.sessions.unsavedElsewhere();
			case NOTIFIED, UPDATED -> this.broadcasts.received(message);
			case RETURNING -> this.broadcasts.expect(message.subject());
			case LISTENED -> this.listened.told(message.subject());
			case LISTENING -> this.listened.asked(message.detail());
			case CALL_LEFT, CALL_AWAITED, CALL_FOLLOWED -> {
				if (this.modern != null) {
					this.modern.told(message);
				}
			}
			default -> handleOfSession(message);
		}
	}

	private void handleOfSession(NodeMessage message) {
		Session session = this.sessions.held(message.subject());
		switch (message.kind()) {
			case DELETED -> {
				if (session != null) {
					this.sessions.drop(session);
				}
			}
			case ANSWERED -> this.answers.answered(message.subject(), session, message.detail());
			case CANCELLED -> {
				if (session != null) {
					session.cancel(Cancellation.requestId(message));
				}
			}
			case READ_ELSEWHERE -> {
				SseConnection reader = reader(session, message.detail());
				if (reader != null) {
					reader.readElsewhere();
				}
			}
			case LOST -> {
				SseConnection reader = reader(session, message.detail());
				if (reader != null) {
					reader.lookForLoss();
				}
			}
			case WAITING -> waitedFor(session, message);
			case UNHEARD -> {
				if (session != null) {
					session.listening().ended();
				}
			}
			case AWAITED -> awaited(session, message);
			case DISOWNED -> {
				SseConnection reader = reader(session, message.detail());
				if (reader != null) {
					reader.disown();
				}
			}
			default -> throw new IllegalStateException("Not handled: " + message.kind());
		}
	}

	private void waitedFor(@Nullable Session session, NodeMessage message) {
		if (session == null || !session.listening().probe()) {
			this.runtime.streams()
				.tell(message.detail(), new NodeMessage(NodeMessage.Kind.UNHEARD, message.subject(), ""));
		}
	}

	private void awaited(@Nullable Session session, NodeMessage message) {
		int separator = message.detail().indexOf(':');
		String streamId = message.detail().substring(0, separator);
		if (session == null || session.log(streamId) == null) {
			this.runtime.streams()
				.tell(message.detail().substring(separator + 1),
						new NodeMessage(NodeMessage.Kind.DISOWNED, message.subject(), streamId));
		}
	}

	private static @Nullable SseConnection reader(@Nullable Session session, String streamId) {
		return (session != null) ? session.reader(streamId) : null;
	}

}
