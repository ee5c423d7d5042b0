package io.github.mcppersist.autoconfigure.payload;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/**
 * Names of properties, of the values of which nothing may be told.
 */
final class EncryptionProperties {

	static final ConfigurationPropertyName ENCRYPTION = ConfigurationPropertyName.of("mcp.persist.encryption");

	static final ConfigurationPropertyName KEYS = ENCRYPTION.append("keys");

	private EncryptionProperties() {
	}

	/**
	 * Say whether the value of a property may be keys: that of
	 * {@code mcp.persist.encryption.keys}, of what is below it, and of what was meant to
	 * be one of these.
	 * @param name the name of the property
	 * @return whether it may be
	 */
	static boolean mayBeKeys(ConfigurationPropertyName name) {
		int depth = ENCRYPTION.getNumberOfElements();
		return name.equals(ENCRYPTION)
				|| (ENCRYPTION.isAncestorOf(name) && name.getElement(depth, Form.UNIFORM).startsWith("key"));
	}

	/**
	 * Return the name of such a property, without those parts of it that are themselves
	 * something else than the ID of a key, as if a key had been written in front of a
	 * colon.
	 * @param name the name of the property
	 * @return the name to print
	 */
	static String print(ConfigurationPropertyName name) {
		StringBuilder printed = new StringBuilder();
		for (int i = 0; i < name.getNumberOfElements(); i++) {
			String element = name.getElement(i, Form.ORIGINAL);
			if (name.isNumericIndex(i)) {
				printed.append('[').append(element).append(']');
			}
			else {
				printed.append((i > 0) ? "." : "").append(element.matches("[A-Za-z0-9._-]{1,32}") ? element : "...");
			}
		}
		return printed.toString();
	}

}
