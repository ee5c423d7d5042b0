package io.github.mcppersist.autoconfigure.payload;

import java.util.Base64;
import java.util.List;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

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

	private static final String KEYS = "mcp.persist.encryption.keys";

	@Bean
	@ConditionalOnMissingBean
	PayloadCodec payloadCodec(McpPersistProperties properties) {
		PayloadCodec compression = compression(properties);
		return properties.encryption().keys().isEmpty() ? compression
				: compression.andThen(encryption(properties.encryption()));
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
			add(builder, KEYS + '[' + i + ']', keys.get(i).trim());
		}
		return builder.build();
	}

	private static void add(AesGcmPayloadCodec.Builder builder, String property, String idAndKey) {
		int colon = idAndKey.indexOf(':');
		if (colon < 0) {
			throw new InvalidEncryptionKeyException(property, "It has no colon between an ID and a key");
		}
		byte[] key;
		try {
			key = Base64.getDecoder().decode(idAndKey.substring(colon + 1).trim());
		}
		catch (IllegalArgumentException ex) {
			// Says what it has found
			throw new InvalidEncryptionKeyException(property, "What follows the colon isn't Base64");
		}
		try {
			builder.key(idAndKey.substring(0, colon).trim(), key);
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidEncryptionKeyException(property, String.valueOf(ex.getMessage()));
		}
	}

}
