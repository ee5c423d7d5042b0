package io.github.mcppersist.autoconfigure.actuate;

import java.util.Locale;

import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of what keeps the keys of {@code mcp.persist.encryption.keys} out of
 * the Actuator endpoints {@code env} and {@code configprops}, also where these show
 * values.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class EncryptionKeysAutoConfiguration {

	private static final String KEYS = "mcppersistencryptionkeys";

	@Bean
	SanitizingFunction mcpPersistEncryptionKeysSanitizingFunction() {
		return (data) -> isKeys(data.getKey()) ? data.withSanitizedValue() : data;
	}

	// However a property source spells them
	private static boolean isKeys(String name) {
		return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "").startsWith(KEYS);
	}

}
