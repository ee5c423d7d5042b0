package io.github.mcppersist.transport;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a node knows of a session.
 */
class SessionTests {

	private static final String OTHER_NODE = NodeRegistry.randomNodeId();

	private static final ManualEndpoint.Gate OPEN = (method) -> null;

	@Test
	void isTheNewestRecordThoughTheAnswersOfTheStoreOvertakeEachOther() {
		InMemorySessionStore store = new InMemorySessionStore();
		SlowReads reads = new SlowReads(store);
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", OPEN, OPEN,
				(builder) -> builder.sessionStore(ManualEndpoint.behind(reads, SessionStore.class, store)));
		Session session = endpoint.session();
		reads.of(session);

		endpoint.endpoint().sessions().change(session, SessionChange.logLevel("debug")).subscribe();
		endpoint.endpoint().sessions().change(session, SessionChange.logLevel("error")).subscribe();
		reads.answerTheNewestFirst();

		assertThat(store.findSession(session.name()).block()).extracting(SessionRecord::logLevel).isEqualTo("error");
		assertThat(session.record().logLevel()).isEqualTo("error");
	}

	@Test
	void letsAConnectionWaitForAnotherNodesThoughTheStreamWasTrimmedSince() {
		Heads heads = new Heads();
		NodeRegistry nodes = ManualEndpoint.behind((method) -> method.getName().equals("isGone") ? false : null,
				NodeRegistry.class, NodeRegistry.single());
		ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", OPEN, heads,
				(builder) -> builder.nodeRegistry(nodes));
		ManualEndpoint.Response first = endpoint.listen();
		endpoint.send();
		first.cancel();
		displaceByAnotherNode(endpoint);
		ManualEndpoint.Response waiting = endpoint.listen();

		heads.answer(new EventsTrimmedException(endpoint.session().standalone().stream(), null), OTHER_NODE);
		endpoint.threads().pass(Duration.ofSeconds(6));

		assertThat(waiting.isDisposed()).isFalse();
		assertThat(heads.isAnswered()).isTrue();
		heads.answer(new EventsTrimmedException(endpoint.session().standalone().stream(), null), null);
		endpoint.threads().pass(Duration.ofSeconds(6));
		assertThat(waiting.isDisposed()).isTrue();
	}

	private static void displaceByAnotherNode(ManualEndpoint endpoint) {
		for (int i = 0; i < 5; i++) {
			endpoint.threads().pass(Duration.ofSeconds(2));
			endpoint.session().listening().displaced(true);
		}
	}

	/**
	 * What the store says of the standalone stream when it is read next.
	 */
	private static final class Heads implements ManualEndpoint.Gate {

		private final Deque<Mono<EventPage>> answers = new ArrayDeque<>();

		void answer(Throwable behindWhatWasDelivered, @Nullable String reader) {
			this.answers.add(Mono.error(behindWhatWasDelivered));
			this.answers.add(Mono
				.just(new EventPage(List.of(), null, EventPage.Rest.RUNNING, new StreamHead(null, reader, null))));
		}

		boolean isAnswered() {
			return this.answers.isEmpty();
		}

		@Override
		public @Nullable Object before(Method method) {
			return method.getName().equals("replayEventsAfter") ? this.answers.poll() : null;
		}

	}

	/**
	 * Reads of one session that are answered when the test says so.
	 */
	private static final class SlowReads implements ManualEndpoint.Gate {

		private final SessionStore store;

		private final Deque<Runnable> answers = new ArrayDeque<>();

		private @Nullable Session session;

		SlowReads(SessionStore store) {
			this.store = store;
		}

		void of(Session session) {
			this.session = session;
		}

		@Override
		public @Nullable Object before(Method method) {
			Session session = this.session;
			if (session == null || !method.getName().equals("findSession")) {
				return null;
			}
			return Mono.create((sink) -> {
				SessionRecord found = this.store.findSession(session.name()).block();
				this.answers.add(() -> sink.success(found));
			});
		}

		void answerTheNewestFirst() {
			while (!this.answers.isEmpty()) {
				this.answers.removeLast().run();
			}
		}

	}

}
