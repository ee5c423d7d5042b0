package io.github.mcppersist.autoconfigure.security;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.Authentication;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.transport.SessionOwnerResolver;

/**
 * Auto-configuration that tells apart the owners of sessions by the name of their
 * authentication, where Spring Security is there without OAuth2.
 */
@AutoConfiguration(after = TokenOwnerAutoConfiguration.class, before = StreamableHttpEndpointAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(Authentication.class)
@ConditionalOnMissingBean(SessionOwnerResolver.class)
public final class AuthenticationOwnerAutoConfiguration {

	@Bean
	AuthenticationOwnerResolver authenticationOwnerResolver() {
		return new AuthenticationOwnerResolver();
	}

}
