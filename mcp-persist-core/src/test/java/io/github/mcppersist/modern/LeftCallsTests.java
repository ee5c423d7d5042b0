package io.github.mcppersist.modern;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is remembered of calls, for how long, and at what cost.
 */
class LeftCallsTests {

	private static final Duration KEPT = Duration.ofHours(1);

	private final ManualThreads threads = new ManualThreads();

	private final LeftCalls calls = new LeftCalls(this.threads, (message) -> Mono.empty(), (name) -> false);

	@Test
	void remembersForAsLongAsItWasToldLastThatAClientKnowsATask() {
		this.calls.toldTask("call", KEPT);
		this.threads.pass(KEPT.minusMinutes(1));
		this.calls.toldTask("call", KEPT);
		this.threads.pass(KEPT.minusMinutes(1));
		assertThat(isAbandoned("call")).isFalse();

		this.threads.pass(Duration.ofMinutes(1));

		assertThat(isAbandoned("call")).isTrue();
		assertThat(this.threads.timers()).isZero();
	}

	@Test
	void hasOneTimerForATaskHoweverOftenClientsAreToldOfIt() {
		for (int i = 0; i < 1000; i++) {
			this.calls.toldTask("call", KEPT);
			this.threads.pass(Duration.ofMillis(10));
		}

		assertThat(this.threads.timers()).isOne();
	}

	@Test
	void hasOneTimerForACallHoweverOftenOtherNodesAskForIt() {
		for (int i = 0; i < 1000; i++) {
			this.calls.told(new NodeMessage(NodeMessage.Kind.CALL_LEFT, "call", ""));
		}

		assertThat(this.threads.timers()).isOne();
		this.threads.pass(Duration.ofSeconds(2));
		assertThat(this.threads.timers()).isZero();
	}

	private boolean isAbandoned(String name) {
		Boolean[] abandoned = new Boolean[1];
		this.calls.isAbandoned(name).subscribe((answer) -> abandoned[0] = answer);
		this.threads.pass(LeftCalls.LIMIT);
		return abandoned[0];
	}

}
