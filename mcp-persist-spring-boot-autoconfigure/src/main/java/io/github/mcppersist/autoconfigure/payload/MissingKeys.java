package io.github.mcppersist.autoconfigure.payload;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;

import io.github.mcppersist.autoconfigure.McpPersistProperties;

/**
 * Keeps an application from starting that is to encrypt, as its properties say, and has
 * no key: it would store everything as it is.
 */
final class MissingKeys {

	private static final ConfigurationPropertyName ENABLED = KeyProperties.ENCRYPTION.parent().append("enabled");

	private final Environment environment;

	MissingKeys(Environment environment) {
		this.environment = environment;
	}

	void refuse(McpPersistProperties.Encryption withoutKeys) {
		String keys = KeyProperties.ENCRYPTION.findIn(this.environment);
		if (keys != null) {
			throw new InvalidEncryptionException(keys, "There is no key in it. Nothing would be encrypted");
		}
		if (!withoutKeys.acceptPlain()) {
			throw new InvalidEncryptionException(KeyProperties.ENCRYPTION.parent() + ".accept-plain",
					"It is false, and there is no key. Nothing would be encrypted");
		}
		if (Binder.get(this.environment).bind(ENABLED, Bindable.of(Boolean.class)).orElse(false)) {
			throw new InvalidEncryptionException(ENABLED.toString(),
					"It is true, and there is no key. Nothing would be encrypted");
		}
	}

}
