package io.github.mcppersist.autoconfigure.metrics;

import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.autoconfigure.observation.TagValue;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Shows what the endpoint holds, and whether the event store takes calls.
 */
final class EndpointGauges implements MeterBinder {

	private final StreamableHttpEndpoint endpoint;

	private final @Nullable EventStore eventStore;

	EndpointGauges(StreamableHttpEndpoint endpoint, @Nullable EventStore eventStore) {
		this.endpoint = endpoint;
		this.eventStore = eventStore;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		gauge(registry, EndpointMeter.SESSIONS, EndpointStatistics::sessions);
		for (Era era : Era.values()) {
			gauge(registry, EndpointMeter.REQUESTS_RUNNING, (statistics) -> statistics.running().getOrDefault(era, 0),
					TagValue.of(era));
		}
		gauge(registry, EndpointMeter.CALLS_PARKED, EndpointStatistics::parkedCalls);
		gauge(registry, EndpointMeter.TASKS, EndpointStatistics::tasksWithInputRequired,
				TaskStatus.INPUT_REQUIRED.toString());
		gauge(registry, EndpointMeter.TASKS,
				(statistics) -> Math.max(0, statistics.tasks() - statistics.tasksWithInputRequired()),
				TaskStatus.WORKING.toString());
		gauge(registry, EndpointMeter.TASKS_OLDEST, (statistics) -> statistics.oldestTask().toMillis() / 1000.0);
		gauge(registry, EndpointMeter.EVENTS_UNSTORED, EndpointStatistics::unstoredBytes);
		for (ConnectionKind kind : ConnectionKind.values()) {
			gauge(registry, EndpointMeter.CONNECTIONS, (statistics) -> statistics.connections().getOrDefault(kind, 0),
					TagValue.of(kind));
		}
		if (this.eventStore instanceof MonitoredEventStore monitored) {
			availability(registry, monitored, Access.READ, StoreOutage::readsFail);
			availability(registry, monitored, Access.WRITE, StoreOutage::writesFail);
		}
	}

	private void gauge(MeterRegistry registry, EndpointMeter meter, ToDoubleFunction<EndpointStatistics> value,
			String... tagValues) {
		Gauge.builder(meter.getName(), this.endpoint, (endpoint) -> value.applyAsDouble(endpoint.statistics()))
			.description(meter.getDescription())
			.baseUnit(meter.getBaseUnit())
			.tags(meter.tags(tagValues))
			.register(registry);
	}

	private static void availability(MeterRegistry registry, MonitoredEventStore eventStore, Access access,
			Predicate<StoreOutage> fails) {
		EndpointMeter meter = EndpointMeter.STORE_AVAILABLE;
		Gauge.builder(meter.getName(), eventStore, (store) -> {
			StoreOutage outage = store.outage();
			return (outage != null && fails.test(outage)) ? 0 : 1;
		}).description(meter.getDescription()).tags(meter.tags(TagValue.of(access))).register(registry);
	}

	/**
	 * What the event store may take, and what it may not.
	 */
	enum Access {

		/**
		 * Of events that are there.
		 */
		READ,

		/**
		 * Of new ones.
		 */
		WRITE

	}

}
