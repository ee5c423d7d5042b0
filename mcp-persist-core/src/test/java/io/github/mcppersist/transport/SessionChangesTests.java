package io.github.mcppersist.transport;

import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Set;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.TooManySubscribedResourcesException;
import io.github.mcppersist.stream.LogLimit;

import static org.assertj.core.api.Assertions.assertThat;

class SessionChangesTests {

	private final SessionStore store = new InMemorySessionStore();

	private final SessionRecord record = SessionRecord.initialized("session", "{}", "2025-11-25", null, "server");

	private final SessionChanges changes = new SessionChanges(this.record, new LogLimit(() -> 0));

	@Test
	void areStoredWhenTheSessionIs() {
		assertThat(this.changes.isStored()).isFalse();

		this.changes.storeIn(this.store).block();

		assertThat(this.changes.isStored()).isTrue();
		assertThat(stored()).isEqualTo(this.record);
	}

	@Test
	void areOnlyTheLastOfEachThing() {
		add(SessionChange.logLevel("error"), SessionChange.subscribed("a"), SessionChange.resuming(),
				SessionChange.subscribed("b"), SessionChange.logLevel("debug"), SessionChange.unsubscribed("a"),
				SessionChange.resuming());
		assertThat(this.changes.isStored()).isFalse();

		this.changes.storeIn(this.store).block();

		assertThat(this.changes.isStored()).isTrue();
		assertThat(stored().logLevel()).isEqualTo("debug");
		assertThat(stored().resuming()).isTrue();
		assertThat(stored().subscriptions()).containsExactly("b");
		// The subscription that was ended was never made
		assertThat(stored().revision()).isEqualTo(Revision.FIRST.next().next().next());
	}

	@Test
	void includeWhatComesWhileAnEarlierOneOfTheSameThingIsStored() {
		add(SessionChange.subscribed("a"));
		SessionStore interrupted = (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { SessionStore.class }, (proxy, method, arguments) -> {
					Object result = method.invoke(this.store, arguments);
					return "subscribe".equals(method.getName())
							? ((Mono<?>) result).doOnNext((revision) -> add(SessionChange.unsubscribed("a"))) : result;
				});

		this.changes.storeIn(interrupted).block();

		assertThat(this.changes.isStored()).isTrue();
		assertThat(stored().subscriptions()).isEmpty();
	}

	@Test
	void areGivenUpIfThereIsNoPlaceForThemAndThatIsLoggedOnce() {
		add(SessionChange.subscribed("a"), SessionChange.subscribed("b"), SessionChange.subscribed("c"));
		SessionStore full = (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { SessionStore.class },
				(proxy, method, arguments) -> "subscribe".equals(method.getName())
						? Mono.error(new TooManySubscribedResourcesException()) : method.invoke(this.store, arguments));
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(SessionChanges.class);
		logger.addAppender(log);
		try {
			this.changes.storeIn(full).block();
		}
		finally {
			logger.detachAppender(log);
		}

		assertThat(this.changes.isStored()).isTrue();
		assertThat(log.list).singleElement()
			.extracting(ILoggingEvent::getFormattedMessage)
			.asString()
			.contains("is given up: ", ". 0 more since");
	}

	@Test
	void areBoundedByTheThingsThatAreChanged() {
		for (int i = 0; i < SessionChanges.MAX_CHANGES; i++) {
			add(SessionChange.unsubscribed("file:///" + i));
		}

		assertThat(this.changes.add(SessionChange.unsubscribed("file:///more"))).isFalse();
		assertThat(this.changes.add(SessionChange.subscribed("file:///0"))).isTrue();
		this.changes.storeIn(this.store).block();
		assertThat(stored().subscriptions()).containsExactly("file:///0");
	}

	@Test
	void countAsSubscriptions() {
		add(SessionChange.subscribed("a"), SessionChange.subscribed("b"), SessionChange.unsubscribed("c"),
				SessionChange.logLevel("debug"));

		assertThat(this.changes.subscriptions(Set.of("b", "c", "d"))).hasSize(3);
	}

	private void add(SessionChange... changes) {
		for (SessionChange change : changes) {
			assertThat(this.changes.add(change)).isTrue();
		}
	}

	private SessionRecord stored() {
		return Objects.requireNonNull(this.store.findSession("session").block());
	}

}
