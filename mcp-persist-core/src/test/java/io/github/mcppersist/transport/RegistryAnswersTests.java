package io.github.mcppersist.transport;

import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.Deque;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A node registry answers on a thread of its own: what is to be done then is done on a
 * delivery thread.
 */
class RegistryAnswersTests {

	/**
	 * Give the answers that the registry was asked for.
	 */
	private final Deque<Runnable> asked = new ArrayDeque<>();

	/**
	 * How often a store was called.
	 */
	private int calls;

	@ParameterizedTest
	@EnumSource
	void areGoneOnWithOnDeliveryThreads(Told told) {
		ManualEndpoint endpoint = new ManualEndpoint("2025-03-26", (method) -> null, this::count, (builder) -> builder
			.nodeRegistry(ManualEndpoint.behind(this::ask, NodeRegistry.class, NodeRegistry.single())));
		ManualEndpoint.Response response = endpoint.postBody(told.body);

		for (int i = 0; i < told.questions; i++) {
			int before = this.calls;
			endpoint.threads().hold();
			this.asked.remove().run();
			assertThat(this.asked).isEmpty();
			assertThat(this.calls).isEqualTo(before);
			assertThat(response.isAnsweredOnce()).isFalse();
			endpoint.threads().letGo();
		}

		assertThat(this.asked).isEmpty();
		assertThat(response.status()).isEqualTo(told.status);
	}

	private @Nullable Object count(Method method) {
		this.calls++;
		return null;
	}

	private @Nullable Object ask(Method method) {
		return switch (method.getName()) {
			case "isPresent", "send" -> Mono.create((sink) -> this.asked.add(() -> sink.success(true)));
			case "broadcast" -> Mono.create((sink) -> this.asked.add(sink::success));
			default -> null;
		};
	}

	/**
	 * What a client tells that concerns another node.
	 */
	enum Told {

		ANSWER("""
				{"jsonrpc":"2.0","id":"0rT5abcdefg.5fW0BfKI7iUuQpjM","result":{"action":"accept"}}""", 2, 202),

		CANCELLATION("""
				{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}""", 1, 202),

		CANCELLATION_AND_CALL("""
				[{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}},
				{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{}}}]""", 1, 200);

		private final String body;

		/**
		 * How often the registry is asked for it.
		 */
		private final int questions;

		private final int status;

		Told(String body, int questions, int status) {
			this.body = body;
			this.questions = questions;
			this.status = status;
		}

	}

}
