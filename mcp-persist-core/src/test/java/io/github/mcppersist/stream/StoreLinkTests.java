package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.EventStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link StoreLink}.
 */
class StoreLinkTests {

	private static final Duration A_WHILE = Duration.ofSeconds(1);

	private final ManualThreads threads = new ManualThreads();

	private final Retries retries = new Retries(this.threads);

	private final Mailbox mailbox = new Mailbox();

	private final StoreLink link = new StoreLink(this.mailbox, this.retries);

	private final List<String> told = new ArrayList<>();

	@Test
	void tellsWhatTheStoreSaysInTheMailboxAndLeavesItToTheWriterWhatThatMeans() {
		Sinks.One<String> store = Sinks.one();
		call(store.asMono());
		assertThat(this.link.isIdle()).isFalse();
		assertThat(this.link.isAway()).isFalse();

		store.tryEmitValue("done");

		assertThat(this.told).containsExactly("inside: done");
		assertThat(this.link.isIdle()).isFalse();
		this.mailbox.execute(this.link::answered);
		assertThat(this.link.isIdle()).isTrue();
	}

	@Test
	void tellsThatACallIsDoneThatSaysNothing() {
		call(Mono.empty());

		assertThat(this.told).containsExactly("inside: null");
	}

	@Test
	void takesForAnAnswerWhatTheStoreThrows() {
		this.mailbox.execute(() -> this.link.call(() -> {
			throw new NoClassDefFoundError("missing");
		}, this::tell));

		assertThat(this.told).containsExactly("inside: missing");
	}

	@Test
	void isAwayUntilACallThatIsMadeAgainIsAnswered() {
		call(Mono.error(new IllegalStateException("away")));
		this.mailbox.execute(() -> this.link.away(() -> call(Mono.never())));
		assertThat(this.link.isAway()).isTrue();
		assertThat(this.link.isRetrying()).isFalse();

		this.threads.pass(A_WHILE);

		assertThat(this.link.isAway()).isTrue();
		assertThat(this.link.isRetrying()).isTrue();
		this.mailbox.execute(this.link::answered);
		assertThat(this.link.isAway()).isFalse();
	}

	@Test
	void isNotCalledUntilARefusalIsSettled() {
		call(Mono.error(new IllegalStateException("refused")));
		this.mailbox.execute(this.link::answered);
		this.mailbox.execute(() -> this.link.refused(() -> this.told.add("not yet")));
		assertThat(this.link.isIdle()).isFalse();
		assertThat(this.link.isAway()).isTrue();
		assertThat(this.link.isRetrying()).isFalse();

		this.threads.pass(A_WHILE);
		this.mailbox.execute(this.link::settle);

		assertThat(this.told).containsExactly("inside: refused", "not yet");
		assertThat(this.link.isRefused()).isTrue();
		this.mailbox.execute(() -> this.link.refused(this.link::answered));
		this.mailbox.execute(this.link::settle);
		assertThat(this.link.isIdle()).isTrue();
		assertThat(this.link.isRefused()).isFalse();
		this.mailbox.execute(this.link::settle);
		assertThat(this.told).hasSize(2);
	}

	@Test
	void handsOnOnlyATurnThatItHas() {
		othersWait(2 * Retries.START);
		call(Mono.error(new IllegalStateException("away")));
		this.mailbox.execute(() -> this.link.away(() -> {
			this.told.add("its turn");
			this.link.handOn();
			this.link.handOn();
		}));
		this.told.clear();

		this.mailbox.execute(this.link::handOn);
		assertThat(this.told).isEmpty();

		this.threads.pass(StreamContext.RETRY_PAUSE);
		// Who takes its place, and one more, since that was quick
		assertThat(this.told).containsOnlyOnce("its turn").hasSize(Retries.START + 2);
	}

	@Test
	void saysWhetherTheStoreHasAnsweredWhenItHandsOn() {
		call(Mono.error(new EventStoreUnavailableException("away")));
		Sinks.One<String> store = Sinks.one();
		this.mailbox.execute(() -> this.link.away(() -> call(store.asMono())));
		othersWait(3 * Retries.START);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		int before = this.told.size();

		store.tryEmitValue("done");
		this.mailbox.execute(this.link::handOn);

		// Its own answer, who takes its place, and one more, since that was quick
		assertThat(this.told).hasSize(before + 3);
	}

	@Test
	void handsOnByItselfWhenItCallsTheStoreNoMore() {
		call(Mono.error(new EventStoreUnavailableException("away")));
		Sinks.One<String> store = Sinks.one();
		this.mailbox.execute(
				() -> this.link.away(() -> this.link.call(store::asMono, (value, failure) -> this.link.answered())));
		othersWait(3 * Retries.START);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		int before = this.told.size();

		store.tryEmitValue("done");

		assertThat(this.told).hasSize(before + 2);
	}

	@Test
	void handsOnWhenItNeedNotCallTheStoreAfterAll() {
		call(Mono.error(new EventStoreUnavailableException("away")));
		this.mailbox.execute(() -> this.link.away(this.link::answered));
		othersWait(Retries.START);

		this.threads.pass(StreamContext.RETRY_PAUSE);

		assertThat(this.told).filteredOn((what) -> what.startsWith("other")).hasSize(Retries.START);
	}

	@Test
	void letsOnlyOneMoreGoOnForACallThatHasFailed() {
		call(Mono.error(new EventStoreUnavailableException("away")));
		this.mailbox
			.execute(() -> this.link.away(() -> call(Mono.error(new EventStoreUnavailableException("still away")))));
		othersWait(3 * Retries.START);
		this.threads.pass(StreamContext.RETRY_PAUSE);
		int before = this.told.size();

		this.mailbox.execute(this.link::handOn);

		assertThat(this.told).hasSize(before + 1);
	}

	private void othersWait(int count) {
		for (int i = 0; i < count; i++) {
			String name = "other " + i;
			this.retries.later(new Mailbox(), (since) -> this.told.add(name), false);
		}
	}

	private void call(Mono<String> answer) {
		this.mailbox.execute(() -> this.link.call(() -> answer, this::tell));
	}

	private void tell(String value, Throwable failure) {
		this.told.add((this.mailbox.isInside() ? "inside: " : "outside: ")
				+ ((failure != null) ? failure.getMessage() : value));
	}

}
