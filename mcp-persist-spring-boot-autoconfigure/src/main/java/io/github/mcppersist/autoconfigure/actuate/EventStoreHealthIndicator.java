package io.github.mcppersist.autoconfigure.actuate;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StoreOutage;

/**
 * Says whether events are stored. During an outage the server still serves, so it isn't
 * down but degraded. It reports what the store has found out by itself, and makes no call
 * that a health check would have to wait for.
 */
final class EventStoreHealthIndicator extends AbstractHealthIndicator {

	/**
	 * Has no place in Spring Boot's order of severity: by default it is shown, but an
	 * application that has it is up.
	 */
	static final Status DEGRADED = new Status("DEGRADED",
			"The event store is out of reach: connected clients are served, resumes may have to wait");

	private final EventStore eventStore;

	EventStoreHealthIndicator(EventStore eventStore) {
		this.eventStore = eventStore;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up().withDetail("store", this.eventStore.getClass().getSimpleName());
		StoreOutage outage = (this.eventStore instanceof MonitoredEventStore monitored) ? monitored.outage() : null;
		if (outage != null) {
			builder.status(DEGRADED)
				.withDetail("reads", outage.readsFail() ? "failing" : "working")
				.withDetail("writes", outage.writesFail() ? "failing" : "working")
				.withDetail("reason", outage.reason())
				.withDetail("seconds", outage.duration().toSeconds());
		}
	}

}
