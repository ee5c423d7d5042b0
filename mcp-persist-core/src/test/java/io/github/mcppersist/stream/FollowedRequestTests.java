package io.github.mcppersist.stream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.GatedEventStore.Gate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FollowedRequest}.
 */
class FollowedRequestTests {

	private static final StreamKey STREAM = new StreamKey("session", "request");

	private static final String OTHER_NODE = NodeRegistry.randomNodeId();

	private static final String GONE = "The server that ran the request has gone; the outcome of the request is unknown";

	private static final String LOST = "The response to the request has been lost; the outcome of the request is unknown";

	@RegisterExtension
	private final InMailbox inMailbox = new InMailbox();

	private final Set<String> gone = new HashSet<>();

	private final List<String> told = new ArrayList<>();

	private final Event first = Event.priming(EventId.next(STREAM.streamId(), 1));

	private TestStreams streams = TestStreams.among(TestStreams.registry(this::ask));

	private FollowedRequest request = follow("1");

	private final List<Event> refused = new ArrayList<>();

	private int looks;

	private @Nullable Object ask(String method, Object[] arguments) {
		return switch (method) {
			case "isGone" -> this.gone.contains(arguments[0]);
			case "send" -> Mono.fromCallable(() -> this.told.add(arguments[0] + " " + arguments[1]));
			default -> null;
		};
	}

	private FollowedRequest follow(String requestIds) {
		this.streams.store().behind().openStream(STREAM, RequestIds.parse(requestIds), List.of(this.first)).block();
		return new FollowedRequest(this.streams.context(), this.inMailbox.mailbox(), STREAM);
	}

	private void saw(@Nullable String owner) {
		this.request.saw(new StreamHead(owner, null, RequestIds.parse("1")));
	}

	private void endIfOrphaned() {
		this.request.endIfOrphaned(this.first.id(), () -> this.looks++, this.refused::addAll);
	}

	private List<String> ends() {
		EventPage page = this.streams.read(STREAM, this.first.id());
		assertThat(page.rest()).isEqualTo(page.events().isEmpty() ? EventPage.Rest.RUNNING : EventPage.Rest.NONE);
		return page.events().stream().map((event) -> new String(event.message(), StandardCharsets.UTF_8)).toList();
	}

	private static String error(int id, String message) {
		return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":-32603,\"message\":\"" + message + "\"}}";
	}

	@Test
	void endsIfTheNodeThatRanItHasGone() {
		this.gone.add(OTHER_NODE);
		saw(OTHER_NODE);

		endIfOrphaned();

		assertThat(ends()).containsExactly(error(1, GONE));
		assertThat(this.looks).isOne();
	}

	@Test
	void goesOnWhileTheNodeThatRunsItIsThere() {
		saw(OTHER_NODE);

		endIfOrphaned();

		assertThat(ends()).isEmpty();
		assertThat(this.looks).isZero();
	}

	@Test
	void leavesItsEndToItsConnectionIfTheStoreRefusesThat() {
		this.streams.store().refuse((event) -> true);
		saw(OTHER_NODE);
		this.request.disown();

		endIfOrphaned();

		assertThat(this.refused).extracting((event) -> new String(event.message(), StandardCharsets.UTF_8))
			.containsExactly(error(1, LOST));
		assertThat(ends()).isEmpty();
		assertThat(this.looks).isZero();
	}

	@Test
	void goesOnAsLongAsNothingIsKnownOfIt() {
		this.request.disown();

		endIfOrphaned();

		assertThat(ends()).isEmpty();
	}

	@Test
	void doesNotEndAStreamThatAnswersNothing() {
		this.request.saw(new StreamHead(OTHER_NODE, null, null));
		this.request.disown();

		endIfOrphaned();

		assertThat(ends()).isEmpty();
	}

	@Test
	void hasLostItsResponseIfTheNodeThatRanItSaysThatItDoesNot() {
		saw(OTHER_NODE);
		this.request.disown();

		endIfOrphaned();

		assertThat(ends()).containsExactly(error(1, LOST));
	}

	@Test
	void hasLostItsResponseIfThisNodeRanIt() {
		saw(this.streams.context().nodes().nodeId());

		endIfOrphaned();

		assertThat(ends()).containsExactly(error(1, LOST));
	}

	@Test
	void isNobodysIfTheStoreNamesNoNodeAndThereIsNoOther() {
		this.streams = new TestStreams(600, 8 * 1024 * 1024);
		this.request = follow("1");
		saw(null);

		endIfOrphaned();

		assertThat(ends()).containsExactly(error(1, LOST));
	}

	@Test
	void mayBeAnotherNodesIfTheStoreNamesNone() {
		saw(null);

		endIfOrphaned();

		assertThat(ends()).isEmpty();
	}

	@Test
	void endsEachRequestOfABatch() {
		this.gone.add(OTHER_NODE);
		this.request.saw(new StreamHead(OTHER_NODE, null, RequestIds.parse("[1,2]")));

		endIfOrphaned();

		assertThat(ends()).containsExactly(error(1, GONE), error(2, GONE));
	}

	@Test
	void isEndedOnceAtATime() {
		this.gone.add(OTHER_NODE);
		saw(OTHER_NODE);
		this.streams.store().writes(Gate.WAIT);
		endIfOrphaned();

		endIfOrphaned();

		assertThat(this.streams.store().writeCalls()).isOne();
		this.streams.store().letThrough(Gate.AWAY);
		assertThat(this.looks).isOne();
		endIfOrphaned();
		assertThat(this.streams.store().writeCalls()).isOne();
		this.streams.store().writes(Gate.OPEN);
		this.request.ended();
		endIfOrphaned();
		assertThat(ends()).containsExactly(error(1, GONE));
		assertThat(this.looks).isEqualTo(2);
	}

	@Test
	void hasItsReaderLookIfAnotherNodeHasEndedItFirst() {
		this.gone.add(OTHER_NODE);
		saw(OTHER_NODE);
		Event response = new Event(EventId.next(STREAM.streamId(), 2), TestStreams.bytes("response"));
		this.streams.store().behind().completeStream(STREAM, List.of(response)).block();

		endIfOrphaned();

		assertThat(ends()).containsExactly("response");
		assertThat(this.looks).isOne();
	}

	@Test
	void asksTheNodeThatRunsItAndNotItself() {
		this.request.askOwner();
		saw(null);
		this.request.askOwner();
		saw(this.streams.context().nodes().nodeId());
		this.request.askOwner();
		assertThat(this.told).isEmpty();
		saw(OTHER_NODE);

		this.request.askOwner();

		String text = this.told.get(0).substring(OTHER_NODE.length() + 1);
		assertThat(this.told).containsExactly(OTHER_NODE + " " + text);
		NodeMessage message = Objects.requireNonNull(this.streams.context().message(text));
		assertThat(message).isEqualTo(new NodeMessage(NodeMessage.Kind.AWAITED, STREAM.sessionName(),
				STREAM.streamId() + ":" + this.streams.context().nodes().nodeId()));
	}

}
