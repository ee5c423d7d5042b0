package io.github.mcppersist.autoconfigure.actuate;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration of the Actuator endpoints {@code mcppersist}, {@code mcpsessions}
 * and {@code mcptasks}. Each is there only where it is exposed, which no endpoint but
 * {@code health} is by default.
 */
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass({ Endpoint.class, ConditionalOnAvailableEndpoint.class })
@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
public final class McpPersistEndpointAutoConfiguration {

	// An endpoint of the application's own may have one of several stores
	@Bean
	@ConditionalOnAvailableEndpoint
	@ConditionalOnSingleCandidate(EventStore.class)
	@ConditionalOnMissingBean
	McpPersistEndpoint mcpPersistEndpoint(StreamableHttpEndpoint endpoint, EventStore eventStore,
			ObjectProvider<NodeRegistry> nodeRegistry) {
		return new McpPersistEndpoint(endpoint, eventStore, nodeRegistry.getIfAvailable());
	}

	@Bean
	@ConditionalOnAvailableEndpoint
	@ConditionalOnSingleCandidate(EventStore.class)
	@ConditionalOnMissingBean
	McpSessionsEndpoint mcpSessionsEndpoint(StreamableHttpEndpoint endpoint, EventStore eventStore,
			SessionStore sessionStore, ObjectProvider<NodeRegistry> nodeRegistry) {
		return new McpSessionsEndpoint(endpoint, eventStore, sessionStore, nodeRegistry.getIfAvailable());
	}

	@Bean
	@ConditionalOnAvailableEndpoint
	@ConditionalOnSingleCandidate(TaskStore.class)
	@ConditionalOnMissingBean
	McpTasksEndpoint mcpTasksEndpoint(StreamableHttpEndpoint endpoint, TaskStore taskStore) {
		return new McpTasksEndpoint(endpoint, taskStore);
	}

}
