package io.github.mcppersist.autoconfigure.payload;

import java.util.Base64;
import java.util.List;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.DeflatePayloadCodec;
import io.github.mcppersist.payload.PayloadCodec;

/**
 * Auto-configuration of a {@link PayloadCodec}: what is stored is encrypted if there are
 * keys, and before that compressed if it is to be.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class PayloadCodecAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(PayloadCodec.class)
	ConfiguredPayloadCodec payloadCodec(McpPersistProperties properties, Environment environment) {
		PayloadCodec compression = compression(properties);
		McpPersistProperties.Encryption encryption = properties.encryption();
		if (encryption.keys().isEmpty()) {
			new MissingKeys(environment).refuse(encryption);
			return new ConfiguredPayloadCodec(compression, null);
		}
		return new ConfiguredPayloadCodec(compression.andThen(encryption(encryption)), describe(encryption));
	}

	private static String describe(McpPersistProperties.Encryption encryption) {
		List<String> keys = encryption.keys();
		String first = "'" + keys.get(0).substring(0, keys.get(0).indexOf(':')).trim() + "'";
		if (!encryption.enabled()) {
			return "What is stored is not encrypted, since mcp.persist.encryption.enabled is false, and is decrypted with "
					+ ((keys.size() > 1) ? keys.size() + " keys, the first of which is " + first : "the key " + first);
		}
		return "What is stored is encrypted with the key " + first
				+ ((keys.size() > 1) ? ", the first of " + keys.size() : ", the only one");
	}

	// Compression is read in any case, so that it can be switched on node by node
	private static PayloadCodec compression(McpPersistProperties properties) {
		int minSize = (int) properties.compression().minSize().toBytes();
		int maxSize = Math.max(minSize, maxSize(properties));
		return properties.compression().enabled() ? new DeflatePayloadCodec(minSize, maxSize)
				: DeflatePayloadCodec.readingOnly(maxSize);
	}

	// Nothing that is stored is larger: neither an event nor what a client sends
	private static int maxSize(McpPersistProperties properties) {
		long largest = Math.max(properties.maxBytesPerStream().toBytes(), properties.maxRequestSize().toBytes());
		return (int) Math.min(largest, Integer.MAX_VALUE - 64);
	}

	private static PayloadCodec encryption(McpPersistProperties.Encryption encryption) {
		AesGcmPayloadCodec.Builder builder = AesGcmPayloadCodec.builder()
			.encrypting(encryption.enabled())
			.acceptingPlain(encryption.acceptPlain());
		List<String> keys = encryption.keys();
		for (int i = 0; i < keys.size(); i++) {
			add(builder, KeyProperties.ENCRYPTION.keys() + "[" + i + "]", keys.get(i).trim());
		}
		try {
			return builder.build();
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidEncryptionException(KeyProperties.ENCRYPTION.parent() + ".accept-plain",
					"It is false, and enabled is false, too. " + ex.getMessage());
		}
	}

	private static void add(AesGcmPayloadCodec.Builder builder, String property, String idAndKey) {
		int colon = idAndKey.indexOf(':');
		if (colon < 0) {
			throw new InvalidEncryptionException(property, "It has no colon between an ID and a key");
		}
		byte[] key;
		try {
			key = Base64.getDecoder().decode(idAndKey.substring(colon + 1).trim());
		}
		catch (IllegalArgumentException ex) {
			// Says what it has found
			throw new InvalidEncryptionException(property, "What follows the colon isn't Base64");
		}
		try {
			builder.key(idAndKey.substring(0, colon).trim(), key);
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidEncryptionException(property, String.valueOf(ex.getMessage()));
		}
	}

}
