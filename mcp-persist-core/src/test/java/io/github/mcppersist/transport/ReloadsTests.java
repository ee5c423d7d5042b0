package io.github.mcppersist.transport;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

class ReloadsTests {

	private final ManualThreads threads = new ManualThreads();

	private final Reloads reloads = new Reloads(this.threads);

	private final List<MonoSink<Void>> reads = new ArrayList<>();

	private final List<String> ends = new ArrayList<>();

	@Test
	void makesOneReadMoreForAllWhoAskWhileOneIsUnderWay() {
		ask("first");
		ask("second");
		ask("third");
		assertThat(this.reads).hasSize(1);

		this.reads.get(0).success();
		assertThat(this.ends).containsExactly("first");
		assertThat(this.reads).hasSize(2);
		this.reads.get(1).success();

		assertThat(this.ends).containsExactly("first", "second", "third");
		assertThat(this.reads).hasSize(2);
	}

	@Test
	void readsAgainForWhoeverAsksWhenNoneIsUnderWay() {
		ask("first");
		this.reads.get(0).success();

		ask("second");

		assertThat(this.reads).hasSize(2);
	}

	@Test
	void tellsAFailureToThoseWhoseReadItWas() {
		ask("first");
		ask("second");

		this.reads.get(0).error(new IllegalStateException("away"));
		this.reads.get(1).success();

		assertThat(this.ends).containsExactly("first: away", "second");
	}

	@Test
	void readsOnThoughTheCodeThatWaitedFails() {
		this.threads.hold();
		this.reloads.next(Mono.create(this.reads::add)).subscribe((nothing) -> {
		}, (ex) -> {
		}, () -> {
			throw new NoClassDefFoundError("com/example/Waiting");
		});
		ask("second");

		this.reads.get(0).success();

		assertThat(this.reads).hasSize(2);
	}

	private void ask(String name) {
		this.reloads.next(Mono.create(this.reads::add)).subscribe((nothing) -> {
		}, (ex) -> this.ends.add(name + ": " + ex.getMessage()), () -> this.ends.add(name));
	}

}
