package io.github.mcppersist.transport;

import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.Deque;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a node knows of a session.
 */
class SessionTests {

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
