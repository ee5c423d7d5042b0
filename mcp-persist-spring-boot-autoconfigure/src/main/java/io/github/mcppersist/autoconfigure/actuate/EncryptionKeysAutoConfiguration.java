package io.github.mcppersist.autoconfigure.actuate;

import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of what keeps the keys of {@code mcp.persist.encryption.keys} and
 * {@code mcp.persist.modern.request-state.keys} out of the Actuator endpoints {@code env}
 * and {@code configprops}, also where these show values.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class EncryptionKeysAutoConfiguration {

	@Bean
	SanitizingFunction mcpPersistEncryptionKeysSanitizingFunction(Environment environment) {
		return new EncryptionKeysSanitizingFunction(environment);
	}

}
