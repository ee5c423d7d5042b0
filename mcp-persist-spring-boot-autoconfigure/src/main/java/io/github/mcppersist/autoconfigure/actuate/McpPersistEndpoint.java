package io.github.mcppersist.autoconfigure.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Actuator endpoint that shows what this node holds.
 */
@Endpoint(id = "mcppersist")
public final class McpPersistEndpoint {

	private final StreamableHttpEndpoint endpoint;

	private final EventStore eventStore;

	private final @Nullable String nodeId;

	McpPersistEndpoint(StreamableHttpEndpoint endpoint, EventStore eventStore, @Nullable NodeRegistry nodeRegistry) {
		this.endpoint = endpoint;
		this.eventStore = eventStore;
		this.nodeId = (nodeRegistry != null) ? nodeRegistry.nodeId() : null;
	}

	/**
	 * Show what this node holds.
	 * @return the counts
	 */
	@ReadOperation
	public NodeDescriptor node() {
		StoreOutage outage = (this.eventStore instanceof MonitoredEventStore monitored) ? monitored.outage() : null;
		return new NodeDescriptor(this.nodeId, this.eventStore.getClass().getSimpleName(),
				(outage != null) ? outage.reason() : null, this.endpoint.statistics());
	}

	/**
	 * What a node holds.
	 *
	 * @param nodeId the ID of this node, if there may be others
	 * @param store the class of the event store
	 * @param outage why the store is out of reach, if it is
	 * @param statistics the counts
	 */
	public record NodeDescriptor(@Nullable String nodeId, String store, @Nullable String outage,
			EndpointStatistics statistics) {

	}

}
