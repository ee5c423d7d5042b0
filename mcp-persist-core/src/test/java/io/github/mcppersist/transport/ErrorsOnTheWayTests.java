package io.github.mcppersist.transport;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.mcppersist.stream.Mailbox;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Lets each step of a request's handlers that takes the time or a thread meet an
 * {@link Error}, one step in each run: the client is answered, and nothing is left of
 * what was begun.
 */
class ErrorsOnTheWayTests {

	private int failAt;

	private int calls;

	@ParameterizedTest
	@EnumSource
	void leaveNothingBehind(Way way) {
		int step = 0;
		boolean failed = true;
		while (failed) {
			step++;
			ManualEndpoint endpoint = new ManualEndpoint("2025-03-26", this::before, (method) -> null);
			Session session = endpoint.session();
			way.before.accept(endpoint);
			this.calls = 0;
			this.failAt = step;

			way.request.accept(endpoint);

			failed = this.calls == this.failAt;
			this.failAt = 0;
			endpoint.threads().pass(Duration.ofSeconds(1));
			assertThat(endpoint.responses()).as("step %d", step).allMatch(ManualEndpoint.Response::isAnsweredOnce);
			endpoint.responses().forEach(ManualEndpoint.Response::cancel);
			assertThat(endpoint.endpoint().statistics().connections().values()).as("step %d", step).containsOnly(0);
			assertThat(session.running()).as("step %d", step).isEmpty();
			assertThat(session.admit(1, 1)).as("step %d", step).isTrue();
			endpoint.threads().pass(Duration.ofHours(1));
			assertThat(endpoint.session()).as("step %d", step).isNull();
			endpoint.endpoint().closeGracefully().subscribe();
			endpoint.threads().pass(Duration.ofSeconds(10));
		}
		assertThat(step).isGreaterThan(2);
	}

	private @Nullable Object before(Method method) {
		if (this.calls < this.failAt && isBeginning() && ++this.calls == this.failAt) {
			throw new NoClassDefFoundError("Told to be missing");
		}
		return null;
	}

	// What ends, or is done for a stream, is no beginning. Requests are run where the
	// stream that they are answered on is opened
	private static boolean isBeginning() {
		return StackWalker.getInstance()
			.walk((frames) -> frames.takeWhile((frame) -> !isOf(frame, CallHandler.class, "run"))
				.noneMatch((frame) -> isOf(frame, Mailbox.class, "drain") || isOf(frame, Session.class, "release")));
	}

	private static boolean isOf(StackWalker.StackFrame frame, Class<?> type, String method) {
		return frame.getClassName().equals(type.getName()) && frame.getMethodName().equals(method);
	}

	/**
	 * What comes, and what was there before.
	 */
	enum Way {

		CALL(Way::nothing, (endpoint) -> endpoint.call("answer")),

		BATCH(Way::nothing, (endpoint) -> endpoint.callTwice("answer")),

		LISTENER(Way::nothing, ManualEndpoint::listen),

		SECOND_LISTENER(ManualEndpoint::listen, ManualEndpoint::listen),

		RESUME(ManualEndpoint::send, ManualEndpoint::resume);

		private final Consumer<ManualEndpoint> before;

		private final Consumer<ManualEndpoint> request;

		Way(Consumer<ManualEndpoint> before, Consumer<ManualEndpoint> request) {
			this.before = before;
			this.request = request;
		}

		private static void nothing(ManualEndpoint endpoint) {
		}

	}

}
