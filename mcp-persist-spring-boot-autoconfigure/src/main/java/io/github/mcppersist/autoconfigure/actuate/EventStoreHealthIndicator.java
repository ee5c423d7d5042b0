package io.github.mcppersist.autoconfigure.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Says whether events are stored, and how many clients of revision 2026-07-28 are waited
 * for and listen. During an outage the server still serves, so it isn't down but
 * degraded. It reports what the store has found out by itself, and makes no call that a
 * health check would have to wait for.
 */
final class EventStoreHealthIndicator extends AbstractHealthIndicator {

	/**
	 * Has no place in Spring Boot's order of severity: by default it is shown, but an
	 * application that has it is up.
	 */
	static final Status DEGRADED = new Status("DEGRADED");

	private final EventStore eventStore;

	private final @Nullable StreamableHttpEndpoint endpoint;

	/**
	 * Create the indicator.
	 * @param eventStore whether it stores events
	 * @param endpoint whose calls wait for their clients, or {@code null} if none do
	 */
	EventStoreHealthIndicator(EventStore eventStore, @Nullable StreamableHttpEndpoint endpoint) {
		this.eventStore = eventStore;
		this.endpoint = endpoint;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up().withDetail("store", this.eventStore.getClass().getSimpleName());
		if (this.endpoint != null) {
			EndpointStatistics statistics = this.endpoint.statistics();
			builder.withDetail("parkedCalls", statistics.parkedCalls())
				.withDetail("tasks", statistics.tasks())
				.withDetail("subscriptions", statistics.connections().getOrDefault(ConnectionKind.SUBSCRIPTION, 0));
		}
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
