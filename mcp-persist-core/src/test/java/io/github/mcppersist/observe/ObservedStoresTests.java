package io.github.mcppersist.observe;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Calls each operation of both stores while the store throws: whoever waits is told, and
 * nothing is thrown at the caller.
 */
class ObservedStoresTests {

	private static final Duration SOON = Duration.ofSeconds(5);

	@ParameterizedTest
	@MethodSource("failures")
	void answersWithWhatTheStoreThrows(Class<?> type, Method operation, Failure failure) throws Exception {
		Object store = store(type, operation, failure);

		Publisher<?> answer = (Publisher<?>) operation.invoke(store, arguments(operation));

		assertThat(Flux.from(answer).materialize().blockFirst(SOON)).satisfies((signal) -> {
			assertThat(signal.isOnError()).isTrue();
			if (failure == Failure.EXCEPTION || operation.getName().equals("watch")) {
				assertThat(signal.getThrowable()).isSameAs(failure.thrown);
			}
			else {
				// As if the store were out of reach: nobody knows whether it was done
				assertThat(signal.getThrowable())
					.isInstanceOfAny(EventStoreUnavailableException.class, SessionStoreUnavailableException.class)
					.hasCause(failure.thrown);
			}
		});
	}

	@Test
	void failsIfAReadHasNoPage() {
		EventStore pageless = (EventStore) Proxy.newProxyInstance(ObservedStoresTests.class.getClassLoader(),
				new Class<?>[] { EventStore.class },
				(proxy, method, arguments) -> (method.getDeclaringClass() == Object.class) ? "pageless" : Mono.empty());
		EventStore store = new ObservedEventStore(pageless, new Observers(List.of(), Runnable::run), Runnable::run);

		assertThatIllegalStateException()
			.isThrownBy(() -> store.replayEventsAfter(new StreamKey("session", "stream"), null, 1).block(SOON))
			.withMessageContaining("must answer a read with a page");
	}

	private static Stream<Arguments> failures() {
		return Stream.of(EventStore.class, SessionStore.class)
			.flatMap((type) -> Arrays.stream(type.getMethods())
				.filter((method) -> Publisher.class.isAssignableFrom(method.getReturnType()))
				.flatMap((method) -> Arrays.stream(Failure.values())
					.map((failure) -> Arguments.of(type, method, failure))));
	}

	private static Object store(Class<?> type, Method failing, Failure failure) {
		Object thrower = Proxy.newProxyInstance(ObservedStoresTests.class.getClassLoader(), new Class<?>[] { type },
				(proxy, method, arguments) -> {
					assertThat(method).isEqualTo(failing);
					Publisher<?> answer = failure.call();
					return (method.getReturnType() == Flux.class) ? Flux.from(answer) : Mono.from(answer);
				});
		Observers nobody = new Observers(List.of(), Runnable::run);
		return (thrower instanceof EventStore events) ? new ObservedEventStore(events, nobody, Runnable::run)
				: new ObservedSessionStore((SessionStore) thrower, nobody, Runnable::run);
	}

	private static @Nullable Object[] arguments(Method operation) {
		return Arrays.stream(operation.getParameterTypes()).map(ObservedStoresTests::argument).toArray();
	}

	private static @Nullable Object argument(Class<?> type) {
		if (type == String.class) {
			return "text";
		}
		if (type == StreamKey.class) {
			return new StreamKey("session", "stream");
		}
		if (type == List.class) {
			return List.of(Event.priming(EventId.next("stream", 1)));
		}
		if (type == Collection.class) {
			return Set.of();
		}
		if (type == byte[].class) {
			return new byte[0];
		}
		if (type == int.class) {
			return 1;
		}
		if (type == long.class) {
			return 1L;
		}
		if (type == EventId.class) {
			return EventId.next("stream", 1);
		}
		// It only passes through
		return null;
	}

	/**
	 * When the store throws, and what.
	 */
	private enum Failure {

		WHEN_CALLED(new NoClassDefFoundError("told to be missing")) {
			@Override
			Publisher<?> call() {
				throw (Error) this.thrown;
			}
		},

		WHEN_SUBSCRIBED(new NoClassDefFoundError("told to be missing")) {
			@Override
			Publisher<?> call() {
				return Mono.defer(() -> {
					throw (Error) this.thrown;
				});
			}
		},

		WHEN_IT_IS_DONE(new StackOverflowError("told to be full")) {
			@Override
			Publisher<?> call() {
				return Mono.fromRunnable(() -> {
					throw (Error) this.thrown;
				});
			}
		},

		WHEN_IT_IS_ASKED_FOR(new NoClassDefFoundError("told to be missing")) {
			@Override
			Publisher<?> call() {
				return Mono.fromCallable((Callable<?>) () -> {
					throw (Error) this.thrown;
				});
			}
		},

		SIGNALLED(new NoClassDefFoundError("told to be missing")) {
			@Override
			Publisher<?> call() {
				return Mono.error(this.thrown);
			}
		},

		EXCEPTION(new IllegalStateException("told to fail")) {
			@Override
			Publisher<?> call() {
				throw (IllegalStateException) this.thrown;
			}
		};

		final Throwable thrown;

		Failure(Throwable thrown) {
			this.thrown = thrown;
		}

		abstract Publisher<?> call();

	}

}
