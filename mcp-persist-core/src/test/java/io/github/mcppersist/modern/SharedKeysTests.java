package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SharedKeys}.
 */
class SharedKeysTests {

	private static final RequestState STATE = new RequestState("call", 1);

	private static final byte[] BOUND = "bound".getBytes(StandardCharsets.UTF_8);

	private final ManualThreads threads = new ManualThreads();

	private final FaultyTaskStore store = new FaultyTaskStore(this.threads);

	private final SharedKeys keys = keys();

	@Test
	void asksTheStoreOnceASecondForKeysThatArentKnown() {
		keysOf(this.keys);
		int before = this.store.calls;

		for (int i = 0; i < 100; i++) {
			assertThat(this.keys.open(forged(), BOUND).block()).isNull();
		}
		int first = this.store.calls - before;
		this.threads.pass(Duration.ofSeconds(1));
		this.keys.open(forged(), BOUND).block();

		assertThat(first).isPositive();
		assertThat(this.store.calls - before).isEqualTo(2 * first);
	}

	@Test
	void opensWhatItSealedBeforeTheStoreWasEmptiedWhateverIsForged() {
		String sealed = keysOf(this.keys).seal(STATE, BOUND);
		this.store.lose();
		String other = keysOf(keys()).seal(STATE, BOUND);

		assertThat(this.keys.open(other, BOUND).block()).isEqualTo(STATE);
		this.threads.pass(Duration.ofSeconds(1));
		assertThat(this.keys.open(forged(), BOUND).block()).isNull();

		assertThat(this.keys.open(sealed, BOUND).block()).isEqualTo(STATE);
		assertThat(this.keys.open(other, BOUND).block()).isEqualTo(STATE);
	}

	private SharedKeys keys() {
		return new SharedKeys(TestSettings.store(this.store), List.of(), this.threads::nanoTime);
	}

	private static RequestStateKeys keysOf(SharedKeys keys) {
		return Objects.requireNonNull(keys.get().block());
	}

	private static String forged() {
		return new RequestStateKeys(List.of(RequestStateKeys.randomKey())).seal(STATE, BOUND);
	}

}
