package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The stores that one test opens over one key prefix, as several nodes do. Closes them
 * and their connection factories.
 */
final class RedisStores implements AutoCloseable {

	/**
	 * Far above every time limit of a store, for a busy machine, and below the minute of
	 * the drivers: a call that takes longer hangs.
	 */
	static final Duration LIMIT = Duration.ofSeconds(50);

	private final String keyPrefix = "test-" + UUID.randomUUID();

	private final List<AutoCloseable> opened = new ArrayList<>();

	String keyPrefix() {
		return this.keyPrefix;
	}

	/**
	 * Return a builder of a store that has the factory to itself, and is patient enough
	 * for a busy machine.
	 */
	RedisEventStore.Builder builder(RedisConnectionFactory factory) {
		this.opened.add(((DisposableBean) factory)::destroy);
		return RedisEventStore.builder(factory).keyPrefix(this.keyPrefix).timeout(TestEvents.PATIENT);
	}

	RedisEventStore open(RedisEventStore.Builder builder) {
		RedisEventStore store = builder.build();
		this.opened.add(store);
		return store;
	}

	RedisEventStore open(RedisConnectionFactory factory) {
		return open(builder(factory));
	}

	String key(StreamKey stream) {
		return new RedisKeys(this.keyPrefix).stream(stream);
	}

	static StreamKey newStream() {
		return StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
	}

	static Event priming(StreamKey stream) {
		return Event.priming(EventId.next(stream.streamId(), 1));
	}

	static Event event(StreamKey stream, long sequence) {
		byte[] message = ("{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{\"data\":" + sequence + "}}")
			.getBytes(StandardCharsets.UTF_8);
		return new Event(EventId.next(stream.streamId(), sequence), message);
	}

	static void block(Mono<?> call) {
		call.block(LIMIT);
	}

	static EventPage read(EventStore store, StreamKey stream, EventId lastEventId) {
		return store.replayEventsAfter(stream, lastEventId, 1 << 20).block(LIMIT);
	}

	/**
	 * Assert that two stores over one Redis do everything that a store can do.
	 */
	static void assertWork(EventStore store, EventStore other) {
		StreamKey stream = newStream();
		List<Event> events = new ArrayList<>(List.of(priming(stream), event(stream, 2)));
		block(store.openStream(stream, RequestIds.parse("7"), events));
		assertThat(read(other, stream, events.get(0).id()).events()).containsExactly(events.get(1));

		assertHints(store, other, stream, events);
		block(store.renewStreams(List.of(stream)));
		Event last = event(stream, events.size() + 1);
		events.add(last);
		block(store.completeStream(stream, List.of(last)));
		block(store.completeStream(stream, List.of(last)));

		EventPage page = read(other, stream, events.get(0).id());
		assertThat(page.events()).containsExactlyElementsOf(events.subList(1, events.size()));
		assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);

		StreamKey next = StreamKey.random(stream.sessionName());
		block(store.openStream(next, RequestIds.parse("8"), List.of(priming(next))));
		block(other.deleteSession(stream.sessionName()));
		assertThatExceptionOfType(EventNotFoundException.class).isThrownBy(() -> read(store, stream, null));
		assertThatExceptionOfType(SessionDeletedException.class)
			.isThrownBy(() -> block(store.openStream(next, RequestIds.parse("8"), List.of(priming(next)))));
	}

	/**
	 * Assert that the sessions of two stores over one Redis do everything that they can.
	 */
	static void assertSessionsWork(RedisEventStore store, RedisEventStore other) {
		RedisSessionStore sessions = RedisSessionStore.of(store, Duration.ofHours(1));
		RedisSessionStore others = RedisSessionStore.of(other, Duration.ofHours(1));
		StreamKey stream = newStream();
		String sessionId = stream.sessionName();
		block(sessions.createSession(SessionRecord.initialized(sessionId, "{}", "2025-11-25", "alice", "server")));
		assertThat(others.setLogLevel(sessionId, "debug").block(LIMIT)).isEqualTo(new Revision(2));
		assertThat(others.subscribe(sessionId, "file:///a").block(LIMIT)).isEqualTo(new Revision(3));
		assertThat(others.subscribe(sessionId, "file:///b").block(LIMIT)).isEqualTo(new Revision(4));
		assertThat(sessions.unsubscribe(sessionId, "file:///a").block(LIMIT)).isEqualTo(new Revision(5));
		block(others.moveStandaloneCursor(sessionId, EventId.parse("0_2_abcdefcdef"), null));
		block(sessions.renewSessions(List.of(sessionId)));

		assertThat(sessions.findSession(sessionId).block(LIMIT))
			.isEqualTo(new SessionRecord(sessionId, "{}", "2025-11-25", "alice", "server", "debug", Set.of("file:///b"),
					EventId.parse("0_2_abcdefcdef"), false, new Revision(5)));
		assertThat(sessions.findSubscribers("file:///a").block(LIMIT)).isEmpty();
		assertThat(sessions.findSubscribers("file:///b").block(LIMIT)).containsExactly(sessionId);
		assertThat(others.findSubscribedUris(0).block(LIMIT).uris()).contains("file:///b");
		assertThat(store.openStream(stream, RequestIds.parse("7"), List.of(priming(stream))).block(LIMIT))
			.isEqualTo(new Revision(5));
		block(others.storeAnswer(sessionId, "r1", new byte[] { '1' }));
		assertThat(sessions.findAnswers(sessionId, List.of("r1")).block(LIMIT)).containsOnlyKeys("r1");
		block(sessions.removeAnswers(sessionId, List.of("r1")));

		block(others.deleteSession(sessionId));
		assertThat(sessions.findSession(sessionId).block(LIMIT)).isNull();
		assertThat(sessions.findSubscribers("file:///b").block(LIMIT)).isEmpty();
	}

	/**
	 * Assert that the tasks of two stores over one Redis do everything that they can.
	 */
	static void assertTasksWork(RedisEventStore store, RedisEventStore other) {
		RedisTaskStore tasks = RedisTaskStore.of(store, Duration.ofMinutes(1));
		RedisTaskStore others = RedisTaskStore.of(other, Duration.ofMinutes(1));
		String id = TaskNames.of(TaskNames.randomTaskId(), "alice", "server");
		byte[] text = "{}".getBytes(StandardCharsets.UTF_8);
		block(tasks
			.createTask(new NewTask(id, store.nodeId(), null, null, Duration.ofMinutes(1), null, Map.of("1", text))));
		Queue<Revision> seen = new ConcurrentLinkedQueue<>();
		Queue<Revision> seenByOwner = new ConcurrentLinkedQueue<>();
		Disposable watch = others.watch(id).subscribe(seen::add);
		Disposable watchOfOwner = tasks.watch(id).subscribe(seenByOwner::add);
		awaiting().until(() -> !seen.isEmpty() && !seenByOwner.isEmpty());

		block(others.answerInput(id, Map.of("1", text)));
		awaiting().until(() -> seenByOwner.contains(new Revision(2)));
		assertThat(tasks.findTask(id).block(LIMIT).answers()).containsOnlyKeys("1");
		block(tasks.updateTask(id,
				TaskChange.none()
					.withSettled(Set.of("1"))
					.withInputRequests(Map.of("2", text))
					.withStatusMessage("message")
					.withRound(1, text)
					.withTimeToLive(Duration.ofHours(1))
					.withTool("tool")));
		awaiting().until(() -> seen.contains(new Revision(3)));
		awaiting().untilAsserted(() -> assertThat(others.findTasks(null, 10).block(LIMIT).tasks())
			.anySatisfy((task) -> assertThat(task.taskId()).isEqualTo(id)));
		block(tasks.updateTask(id, TaskChange.none().withRound(2, text)));
		block(tasks.renewTasks(List.of(id)));
		assertThat(tasks.endTask(id, TaskEnd.completed(text)).block(LIMIT)).isTrue();
		assertThat(others.endTask(id, TaskEnd.cancelled(null)).block(LIMIT)).isFalse();

		awaiting().until(() -> seen.contains(new Revision(5)));
		assertThat(others.findTask(id).block(LIMIT).status()).isEqualTo(TaskStatus.COMPLETED);
		watch.dispose();
		watchOfOwner.dispose();
	}

	/**
	 * Assert that two nodes over one Redis see and hear each other.
	 */
	static void assertNodesWork(RedisEventStore store, RedisEventStore other) {
		Duration timeout = Duration.ofSeconds(30);
		JoinedNode first = new JoinedNode(store, RedisNodeRegistry.of(store, timeout));
		JoinedNode second = new JoinedNode(other, RedisNodeRegistry.of(other, timeout));
		Awaitility.await().atMost(LIMIT).untilAsserted(() -> {
			assertThat(first.registry.send(second.id(), "to one").block(LIMIT)).isTrue();
			block(first.registry.broadcast("to all"));
			assertThat(second.received).contains("to one", "to all");
		});
		assertThat(first.isGone(second)).isFalse();
		assertThat(first.registry.isPresent(second.id()).block(LIMIT)).isTrue();
		assertThat(first.registry.isPresent("never000000").block(LIMIT)).isFalse();

		block(second.registry.leave(second));
		Awaitility.await().atMost(LIMIT).until(() -> first.isGone(second));
		assertThat(first.registry.isPresent(second.id()).block(LIMIT)).isFalse();
		assertThat(first.registry.send(second.id(), "to one").block(LIMIT)).isFalse();
		assertThat(first.received).isEmpty();
	}

	/**
	 * Wait until a store is told that it is subscribed to its channel, which it is before
	 * it gets anything through that.
	 */
	static void awaitSubscribed(RedisEventStore store, RedisServer redis) {
		AtomicInteger published = new AtomicInteger();
		store.node().listen(new RedisNode.Listener() {

			@Override
			public void subscribed() {
			}

			@Override
			public void published(char kind, String body) {
				published.incrementAndGet();
			}

			@Override
			public void closed() {
			}

		});
		String channel = new String(store.node().channel(), StandardCharsets.ISO_8859_1);
		awaiting().until(() -> {
			redis.cli("PUBLISH", channel, "test");
			return published.get() > 0;
		});
	}

	/**
	 * Assert that a store gives an event up that is larger than Redis takes, after some
	 * tries. With Jedis each takes as long as a call may.
	 */
	static void awaitRefusedAsTooLarge(EventStore store, StreamKey stream, Event event) {
		Awaitility.await()
			.atMost(Duration.ofMinutes(5))
			.pollInterval(Duration.ofMillis(300))
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> assertThatExceptionOfType(EventStoreRefusedException.class)
				.isThrownBy(() -> block(store.storeEvents(stream, List.of(event))))
				.withMessageContaining("proto-max-bulk-len"));
	}

	/**
	 * Assert that a store takes an event as soon as it is back.
	 */
	static void awaitStored(EventStore store, StreamKey stream, Event event) {
		Awaitility.await()
			.atMost(LIMIT)
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> block(store.storeEvents(stream, List.of(event))));
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().pollInterval(Duration.ofMillis(5)).atMost(LIMIT);
	}

	/**
	 * Assert that a store is told of what another one stores. What was stored before it
	 * was subscribed it is told to look for, and of the rest it is told the sequence.
	 */
	private static void assertHints(EventStore store, EventStore other, StreamKey stream, List<Event> events) {
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		Disposable watch = other.watch(stream).subscribe(hints::add);
		try {
			awaiting().until(() -> hints.contains(Hint.watched()));
			for (int i = 0; i < 10; i++) {
				int before = hints.size();
				Event event = event(stream, events.size() + 1);
				events.add(event);
				block(store.storeEvents(stream, List.of(event)));
				awaiting().until(() -> hints.size() > before);
			}
			Hint last = Hint.stored(events.size());
			awaiting().until(() -> hints.contains(last));
		}
		finally {
			watch.dispose();
		}
	}

	@Override
	public void close() throws Exception {
		// Stores before the factories that they use
		while (!this.opened.isEmpty()) {
			this.opened.remove(this.opened.size() - 1).close();
		}
	}

}
