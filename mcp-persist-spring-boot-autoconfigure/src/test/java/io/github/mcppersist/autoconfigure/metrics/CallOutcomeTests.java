package io.github.mcppersist.autoconfigure.metrics;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.autoconfigure.metrics.MetricsObserver.CallOutcome;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

class CallOutcomeTests {

	@Test
	void tellsAnOutageFromARefusalOfEachStore() {
		assertThat(CallOutcome.of(null)).isEqualTo(CallOutcome.SUCCESS);
		assertThat(CallOutcome.of(new EventStoreUnavailableException("away"))).isEqualTo(CallOutcome.UNAVAILABLE);
		assertThat(CallOutcome.of(new SessionStoreUnavailableException("away"))).isEqualTo(CallOutcome.UNAVAILABLE);
		assertThat(CallOutcome.of(new TaskStoreUnavailableException("away"))).isEqualTo(CallOutcome.UNAVAILABLE);
		assertThat(CallOutcome.of(new EventNotFoundException())).isEqualTo(CallOutcome.REFUSED);
		assertThat(CallOutcome.of(new SessionNotFoundException())).isEqualTo(CallOutcome.REFUSED);
		assertThat(CallOutcome.of(new SessionAlreadyDeletedException())).isEqualTo(CallOutcome.REFUSED);
		assertThat(CallOutcome.of(new TaskNotFoundException())).isEqualTo(CallOutcome.REFUSED);
		assertThat(CallOutcome.of(new IllegalStateException())).isEqualTo(CallOutcome.ERROR);
	}

}
