package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of messages that wait for their turn.
 */
class MessageQueueTests {

	private final ManualThreads threads = new ManualThreads();

	private final List<String> done = new ArrayList<>();

	private Mono<Void> outcome = Mono.empty();

	private final MessageQueue queue = new MessageQueue(this.threads, (message) -> {
		this.done.add(message.subject());
		return this.outcome;
	});

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
		this.outcome = Mono.error(new IllegalStateException("out of reach"));
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
	void goesOnAfterAFailureThatIsThrown() {
		this.outcome = Mono.defer(() -> {
			throw new IllegalStateException("closed");
		});
		add("a");
		this.threads.pass(MessageQueue.PAUSE);
		this.outcome = Mono.empty();
		this.threads.pass(MessageQueue.RETRY_INTERVAL);

		assertThat(this.done).containsExactly("a", "a");
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
		this.outcome = Mono.error(new IllegalStateException("out of reach"));
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
