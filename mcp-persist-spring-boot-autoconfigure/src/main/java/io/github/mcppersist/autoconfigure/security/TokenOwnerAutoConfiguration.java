package io.github.mcppersist.autoconfigure.security;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.transport.SessionOwnerResolver;

/**
 * Auto-configuration that tells apart the owners of sessions by the issuer and the
 * subject of their tokens, where Spring Security's OAuth2 support is there.
 */
@AutoConfiguration(before = StreamableHttpEndpointAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass({ Authentication.class, OAuth2AuthenticatedPrincipal.class })
@ConditionalOnMissingBean(SessionOwnerResolver.class)
public final class TokenOwnerAutoConfiguration {

	@Bean
	TokenOwnerResolver tokenOwnerResolver() {
		return new TokenOwnerResolver();
	}

}
