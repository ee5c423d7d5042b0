package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ResumeOutcome;

import static org.assertj.core.api.Assertions.assertThat;

class GetHandlerTests {

	private final List<ResumeOutcome> outcomes = new ArrayList<>();

	private final ManualEndpoint endpoint = new ManualEndpoint("2025-11-25", (method) -> null, (method) -> null,
			(builder) -> builder.observer(new EndpointObserver() {

				@Override
				public Resume resumeStarted() {
					return new Resume() {

						@Override
						public void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
							GetHandlerTests.this.outcomes.add(outcome);
						}

					};
				}

			}));

	/**
	 * Neither has what is stored, or gets what follows.
	 */
	@Test
	void doesNotTakeAResumeForLiveThatWaitsForAnotherOneOrIsRefused() {
		this.endpoint.send();
		for (int i = 0; i < 7; i++) {
			this.endpoint.listen();
			this.endpoint.threads().pass(Duration.ofSeconds(1));
		}
		for (int i = 0; i < 8; i++) {
			this.endpoint.resume();
		}
		ManualEndpoint.Response last = this.endpoint.resume();
		this.endpoint.threads().pass(Duration.ofSeconds(1));

		assertThat(last.status()).isEqualTo(409);
		assertThat(this.outcomes).hasSize(9).containsOnly(ResumeOutcome.TOO_MANY_LISTENERS);
	}

}
