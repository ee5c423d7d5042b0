package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of messages that wait for their turn.
 */
class MessageQueueTests {

	private static final IllegalStateException AWAY = new IllegalStateException("out of reach");

	private final ManualThreads threads = new ManualThreads();

	private final List<String> done = new ArrayList<>();

	private Mono<Void> outcome = Mono.empty();

	private final Map<String, Mono<Void>> outcomes = new HashMap<>();

	private final MessageQueue queue = new MessageQueue(this.threads, (message) -> {
		this.done.add(message.subject());
		return this.outcomes.getOrDefault(message.subject(), this.outcome);
	}, (ex) -> ex == AWAY, MessageQueue.MAX_TRIED);

	@Test
	void takesThoseThatAreTheSameForOne() {
		add("a", "b", "a", "a");

		assertThat(this.done).isEmpty();
		this.threads.pass(MessageQueue.PAUSE);
		assertThat(this.done).containsExactly("a", "b");
	}

	@Test
	void worksOffAgainWhatComesAgain() {
		add("a");
		this.threads.pass(MessageQueue.PAUSE);
		add("a");
		this.threads.pass(MessageQueue.PAUSE);

		assertThat(this.done).containsExactly("a", "a");
	}

	@Test
	void triesAgainInTheSameOrder() {
		this.outcome = Mono.error(AWAY);
		add("a", "b");
		this.threads.pass(MessageQueue.PAUSE);
		add("c", "a");
		assertThat(this.done).containsExactly("a");

		this.outcome = Mono.empty();
		this.threads.pass(MessageQueue.RETRY_INTERVAL);

		assertThat(this.done).containsExactly("a", "a", "b", "c");
		this.threads.pass(MessageQueue.RETRY_INTERVAL);
		assertThat(this.done).hasSize(4);
	}

	@Test
	void dropsWhatWillNeverBeWorkedOff() {
		this.outcomes.put("bad", Mono.error(new IllegalArgumentException("no object")));
		this.outcomes.put("worse", Mono.defer(() -> {
			throw new IllegalStateException("closed");
		}));
		add("a", "bad", "b", "worse", "c");
		this.threads.pass(MessageQueue.PAUSE);

		assertThat(this.done).containsExactly("a", "bad", "b", "worse", "c");
		this.threads.pass(MessageQueue.RETRY_INTERVAL);
		assertThat(this.done).hasSize(5);
	}

	@Test
	void triesNothingForLongerThanAMinute() {
		this.outcomes.put("a", Mono.error(AWAY));
		add("a", "b");
		this.threads.pass(MessageQueue.MAX_TRIED.minusSeconds(1));
		assertThat(this.done).containsOnly("a");

		this.threads.pass(Duration.ofSeconds(2));

		assertThat(this.done).endsWith("a", "b");
		add("a");
		this.threads.pass(MessageQueue.PAUSE);
		this.outcomes.clear();
		this.threads.pass(MessageQueue.RETRY_INTERVAL);
		assertThat(this.done).endsWith("b", "a", "a");
		assertThat(this.threads.timers()).isZero();
	}

	@Test
	void waitsForNoMessageForEver() {
		this.outcome = Mono.never();
		add("a");
		this.threads.pass(MessageQueue.PAUSE);
		this.outcome = Mono.empty();
		this.threads.pass(Duration.ofSeconds(11));

		assertThat(this.done).containsExactly("a", "a");
	}

	@Test
	void keepsSoManyAndNoMore() {
		this.outcome = Mono.error(AWAY);
		add("first");
		this.threads.pass(MessageQueue.PAUSE);
		for (int i = 0; i < 3 * MessageQueue.MAX_WAITING; i++) {
			add("a" + i);
		}
		this.outcome = Mono.empty();
		this.threads.pass(MessageQueue.RETRY_INTERVAL);

		assertThat(this.done).hasSize(MessageQueue.MAX_WAITING + 1).startsWith("first", "first", "a0", "a1");
	}

	@Test
	void needsNoThreadWhileThereIsNothing() {
		add("a");
		this.threads.pass(MessageQueue.PAUSE);

		assertThat(this.threads.timers()).isZero();
	}

	private void add(String... subjects) {
		for (String subject : subjects) {
			this.queue.add(new NodeMessage(NodeMessage.Kind.NOTIFIED, subject, ""));
		}
	}

}
