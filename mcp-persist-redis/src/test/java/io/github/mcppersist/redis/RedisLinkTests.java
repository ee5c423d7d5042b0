package io.github.mcppersist.redis;

import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class RedisLinkTests {

	@Test
	void cancelsWhatACancelledFutureWasDerivedFrom() {
		CompletableFuture<Long> first = new CompletableFuture<>();
		CompletableFuture<Long> second = new CompletableFuture<>();
		CompletableFuture<Long> sum = RedisLink.cancelling(first.thenCombine(second, Long::sum), first, second);

		sum.cancel(false);

		assertThat(first).isCancelled();
		assertThat(second).isCancelled();
	}

	@Test
	void leavesAloneWhatAFailedFutureWasDerivedFrom() {
		CompletableFuture<Long> first = new CompletableFuture<>();
		CompletableFuture<Long> second = new CompletableFuture<>();
		CompletableFuture<Long> either = RedisLink.cancelling(first.applyToEither(second, (value) -> value), first,
				second);

		first.completeExceptionally(new IllegalStateException("failed"));

		assertThat(either).isCompletedExceptionally();
		assertThat(second).isNotDone();
	}

}
