package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.junit.jupiter.api.Test;
import reactor.util.context.Context;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskPolicy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls that ask their clients for nothing.
 */
class CallTests {

	private final ManualThreads threads = new ManualThreads();

	private final RecordingReply reply = new RecordingReply();

	private final AtomicInteger cancelled = new AtomicInteger();

	private final AtomicInteger over = new AtomicInteger();

	private final Rounds rounds = new Rounds(
			TestSettings.parking(this.threads, TestSettings.SETTINGS, new InMemoryTaskStore(), () -> {
				throw new IllegalStateException("There is no server");
			}), new EndpointObserver() {

				@Override
				public void requestCancelled() {
					CallTests.this.cancelled.incrementAndGet();
				}

			},
			new ModernRequest(RequestHeaders.read((name) -> null, Set::of), null, McpTransportContext.EMPTY,
					Context.empty(), UnaryOperator.identity()),
			new JSONRPCRequest(McpSchema.METHOD_TOOLS_CALL, 1, null), InputResponses.of(null),
			new RequestMetadata(ClientCapabilities.builder().build(), new Implementation("test", "1"), null, null),
			TaskPolicy.NEVER, this.reply, (rounds) -> this.over.incrementAndGet());

	private final Call call = this.rounds.call();

	private static Outcome outcome(String result) {
		return Outcome.of(('"' + result + '"').getBytes(StandardCharsets.UTF_8));
	}

	private void notify(String notification) {
		this.rounds.current().response().send(notification.getBytes(StandardCharsets.UTF_8), null).subscribe();
	}

	@Test
	void dropsTheLateResultOfAHandlerThatIgnoresTheInterrupt() {
		AtomicInteger interrupted = new AtomicInteger();
		this.call.begins(() -> {
			notify("first");
			this.reply.read();
			this.reply.close();
			if (Thread.currentThread().isInterrupted()) {
				interrupted.incrementAndGet();
			}
			this.call.end(outcome("late result"));
		});

		assertThat(interrupted).hasValue(1);
		assertThat(Thread.currentThread().isInterrupted()).isFalse();
		assertThat(this.reply.body).contains("first").doesNotContain("late result");
		assertThat(this.cancelled).hasValue(1);
		assertThat(this.over).hasValue(1);
	}

	@Test
	void isNotCancelledOnceItIsAnswered() {
		this.call.begins(() -> {
			notify("first");
			this.call.end(outcome("result"));
			this.reply.close();
		});

		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void isNotBegunIfItWasCancelledBefore() {
		notify("first");
		this.reply.close();
		AtomicInteger begun = new AtomicInteger();

		this.call.begins(begun::incrementAndGet);

		assertThat(begun).hasValue(0);
		assertThat(this.over).hasValue(1);
	}

	@Test
	void answersInPlaceOfAHandlerThatFails() {
		this.call.begins(() -> {
			throw new NoClassDefFoundError("com/example/Driver");
		});

		assertThat(this.reply.body.toString()).contains("-32603").doesNotContain("Driver");
		assertThat(this.over).hasValue(1);
	}

	@Test
	void isOverWhenBothTheHandlerAndTheResponseAre() {
		this.call.begins(() -> this.call.end(outcome("result")));
		assertThat(this.over).hasValue(0);

		this.call.refuse(ErrorResponse.failed());

		assertThat(this.over).hasValue(1);
		assertThat(this.reply.body.toString()).contains("\"id\":1,\"result\":\"result\"");
	}

	@Test
	void endsWithAnErrorWhenItIsAbandoned() {
		this.call.begins(() -> {
			this.rounds.abandon(ErrorResponse.internal("The server shut down"));
			assertThat(Thread.currentThread().isInterrupted()).isTrue();
		});

		assertThat(this.reply.body.toString()).contains("The server shut down");
		assertThat(this.cancelled).hasValue(0);
	}

}
