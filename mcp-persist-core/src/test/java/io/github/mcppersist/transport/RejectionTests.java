package io.github.mcppersist.transport;

import java.util.concurrent.RejectedExecutionException;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.TooManySessionsException;

import static org.assertj.core.api.Assertions.assertThat;

class RejectionTests {

	@Test
	void saysWhichStoreIsAwayAndThatTheClientMayComeBack() {
		Rejection sessions = Rejection.failed(new SessionStoreUnavailableException("away"));
		Rejection events = Rejection.failed(new EventStoreUnavailableException("away"));

		assertThat(sessions.status()).isEqualTo(503);
		assertThat(sessions.message()).contains("session store");
		assertThat(sessions.headers()).containsKey("Retry-After");
		assertThat(events.status()).isEqualTo(503);
		assertThat(events.message()).contains("event store");
		assertThat(events.headers()).containsKey("Retry-After");
	}

	@Test
	void asksForMorePatienceWhereSessionsHaveToEndFirst() {
		assertThat(Rejection.failed(new TooManySessionsException()).headers()).containsEntry("Retry-After", "10");
	}

	@Test
	void saysNothingOfWhatNobodyForesaw() {
		Rejection unforeseen = Rejection.failed(new IllegalStateException("secret"));

		assertThat(unforeseen.status()).isEqualTo(500);
		assertThat(unforeseen.message()).doesNotContain("secret");
	}

	@Test
	void saysWhatWasForeseen() {
		assertThat(Rejection.failed(new RejectedExecutionException())).isEqualTo(Rejection.SHUTTING_DOWN);
		assertThat(Rejection.failed(new RejectedRequestException(Rejection.ASKER_GONE)))
			.isEqualTo(Rejection.ASKER_GONE);
	}

}
