package io.github.mcppersist.autoconfigure.payload;

import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;

import io.github.mcppersist.autoconfigure.McpPersistProperties;

/**
 * Keeps an application from starting that is to encrypt, as its properties say, and has
 * no key: it would store everything as it is.
 */
final class MissingKeys {

	private static final ConfigurationPropertyName ENABLED = EncryptionProperties.ENCRYPTION.append("enabled");

	private final Environment environment;

	MissingKeys(Environment environment) {
		this.environment = environment;
	}

	void refuse(McpPersistProperties.Encryption withoutKeys) {
		ConfigurationPropertyName keys = find();
		if (keys != null) {
			throw new InvalidEncryptionException(EncryptionProperties.print(keys),
					"There is no key in it. Nothing would be encrypted");
		}
		if (!withoutKeys.acceptPlain()) {
			throw new InvalidEncryptionException(EncryptionProperties.ENCRYPTION + ".accept-plain",
					"It is false, and there is no key. Nothing would be encrypted");
		}
		if (Binder.get(this.environment).bind(ENABLED, Bindable.of(Boolean.class)).orElse(false)) {
			throw new InvalidEncryptionException(ENABLED.toString(),
					"It is true, and there is no key. Nothing would be encrypted");
		}
	}

	private @Nullable ConfigurationPropertyName find() {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(this.environment)) {
			ConfigurationPropertyName found = names(source).filter(EncryptionProperties::mayBeKeys)
				.findFirst()
				.orElse(null);
			if (found != null) {
				return found;
			}
		}
		return null;
	}

	// Not every source can say what it has
	private static Stream<ConfigurationPropertyName> names(ConfigurationPropertySource source) {
		return (source instanceof IterableConfigurationPropertySource iterable) ? iterable.stream()
				: Stream.of(EncryptionProperties.ENCRYPTION, EncryptionProperties.KEYS)
					.filter((name) -> source.getConfigurationProperty(name) != null);
	}

}
