package io.github.mcppersist.autoconfigure.springai;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import org.springframework.ai.mcp.server.common.autoconfigure.properties.McpServerProperties;
import org.springframework.ai.mcp.server.common.autoconfigure.properties.McpServerStreamableHttpProperties;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpOptionsCustomizer;

/**
 * What an endpoint in place of Spring AI's transport takes over from it, on whatever
 * server.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ McpServerProperties.class, McpServerStreamableHttpProperties.class })
class SpringAiServerConfiguration {

	private static final String SPRING_AI_JSON_MAPPER = "mcpServerJsonMapper";

	// Not a default candidate, or it would stand for the JSON mapper of an MCP client
	@Bean(name = StreamableHttpEndpointAutoConfiguration.JSON_MAPPER, defaultCandidate = false)
	McpJsonMapper mcpPersistJsonMapper(@Qualifier(SPRING_AI_JSON_MAPPER) JsonMapper jsonMapper) {
		return new JacksonMcpJsonMapper(jsonMapper);
	}

	@Bean
	@Order(Ordered.HIGHEST_PRECEDENCE)
	StreamableHttpOptionsCustomizer springAiOptionsCustomizer(McpServerStreamableHttpProperties properties) {
		return (builder) -> {
			if (properties.getKeepAliveInterval() != null) {
				builder.heartbeatInterval(properties.getKeepAliveInterval());
			}
			if (properties.isDisallowDelete()) {
				builder.deleteAllowed(false);
			}
		};
	}

}
