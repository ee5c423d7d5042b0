package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.ManualThreads;

import static org.assertj.core.api.Assertions.assertThat;

class CallTests {

	private static final ModernSettings SETTINGS = new ModernSettings(Duration.ofSeconds(5), 1000, 3, 0, "private");

	private final ManualThreads threads = new ManualThreads();

	private final RecordingReply reply = new RecordingReply();

	private final AtomicInteger cancelled = new AtomicInteger();

	private final AtomicInteger over = new AtomicInteger();

	private final Call call = new Call(this.threads, new EndpointObserver() {

		@Override
		public void requestCancelled() {
			CallTests.this.cancelled.incrementAndGet();
		}

	}, new Messages(McpJsonDefaults.getMapper(), SETTINGS, () -> {
		throw new IllegalStateException("There is no server");
	}), SETTINGS, new JSONRPCRequest(McpSchema.METHOD_TOOLS_CALL, 1, null), this.reply,
			(call) -> this.over.incrementAndGet());

	@Test
	void dropsTheLateResultOfAHandlerThatIgnoresTheInterrupt() {
		AtomicInteger interrupted = new AtomicInteger();
		this.call.begins(() -> {
			this.call.response().send("first".getBytes(StandardCharsets.UTF_8), null).subscribe();
			this.reply.read();
			this.reply.close();
			if (Thread.currentThread().isInterrupted()) {
				interrupted.incrementAndGet();
			}
			this.call.answer("late result".getBytes(StandardCharsets.UTF_8));
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
			this.call.response().send("first".getBytes(StandardCharsets.UTF_8), null).subscribe();
			this.call.answer("result".getBytes(StandardCharsets.UTF_8));
			this.reply.close();
		});

		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void isNotBegunIfItWasCancelledBefore() {
		this.call.response().send("first".getBytes(StandardCharsets.UTF_8), null).subscribe();
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
		this.call.begins(() -> this.call.answer("result".getBytes(StandardCharsets.UTF_8)));
		assertThat(this.over).hasValue(0);

		this.call.refuse(ErrorResponse.failed());

		assertThat(this.over).hasValue(1);
		assertThat(this.reply.body).hasToString("result");
	}

	@Test
	void endsWithAnErrorWhenItIsAbandoned() {
		this.call.begins(() -> {
			this.call.abandon(ErrorResponse.internal("The server shut down"));
			assertThat(Thread.currentThread().isInterrupted()).isTrue();
		});

		assertThat(this.reply.body.toString()).contains("The server shut down");
		assertThat(this.cancelled).hasValue(0);
	}

}
