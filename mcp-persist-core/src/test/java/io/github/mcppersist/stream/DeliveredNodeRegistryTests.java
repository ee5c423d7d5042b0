package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Asks a {@link DeliveredNodeRegistry} each question that there is.
 */
class DeliveredNodeRegistryTests {

	private static final NoClassDefFoundError MISSING = new NoClassDefFoundError("told to be missing");

	private final ManualThreads threads = new ManualThreads();

	private final List<Object> answers = new ArrayList<>();

	static Stream<Function<NodeRegistry, Mono<?>>> questions() {
		return Stream.of((nodes) -> nodes.isPresent("node"), (nodes) -> nodes.send("node", "message"),
				(nodes) -> nodes.broadcast("message"), (nodes) -> nodes.leave(new NoListener()));
	}

	@ParameterizedTest
	@MethodSource("questions")
	void answersOnDeliveryThreads(Function<NodeRegistry, Mono<?>> question) {
		this.threads.hold();

		ask(question, () -> Mono.just(true));

		assertThat(this.answers).isEmpty();
		this.threads.letGo();
		assertThat(this.answers).containsExactly(true);
	}

	@ParameterizedTest
	@MethodSource("questions")
	void answersOnceOnDeliveryThreadsIfTheyOvertakeEachOther(Function<NodeRegistry, Mono<?>> question) {
		this.threads.hold();

		ask(question, () -> Mono.just(true));

		this.threads.letGoBackwards();
		assertThat(this.answers).containsExactly(true);
	}

	@ParameterizedTest
	@MethodSource("questions")
	void answersWithNothing(Function<NodeRegistry, Mono<?>> question) {
		ask(question, Mono::empty);

		assertThat(this.answers).containsExactly("nothing");
	}

	@ParameterizedTest
	@MethodSource("questions")
	void answersOnDeliveryThreadsWithWhatTheRegistryThrows(Function<NodeRegistry, Mono<?>> question) {
		for (Supplier<Mono<Object>> failing : List.<Supplier<Mono<Object>>>of(() -> {
			throw MISSING;
		}, () -> Mono.defer(() -> {
			throw MISSING;
		}), () -> Mono.error(MISSING))) {
			this.answers.clear();
			this.threads.hold();

			ask(question, failing);

			assertThat(this.answers).isEmpty();
			this.threads.letGo();
			assertThat(this.answers).containsExactly(MISSING);
		}
	}

	private void ask(Function<NodeRegistry, Mono<?>> question, Supplier<Mono<Object>> answer) {
		NodeRegistry registry = TestStreams.registry((method, arguments) -> answer.get());
		question.apply(new DeliveredNodeRegistry(registry, this.threads))
			.subscribe(this.answers::add, this.answers::add, () -> {
				if (this.answers.isEmpty()) {
					this.answers.add("nothing");
				}
			});
	}

	private static final class NoListener implements NodeRegistry.Listener {

		@Override
		public void received(String message) {
		}

		@Override
		public void missed() {
		}

	}

}
