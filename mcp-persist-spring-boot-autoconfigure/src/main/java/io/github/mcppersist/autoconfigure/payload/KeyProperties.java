package io.github.mcppersist.autoconfigure.payload;

import java.util.Arrays;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;

/**
 * Names of properties, of the values of which nothing may be told.
 */
public enum KeyProperties {

	/**
	 * The keys of what is stored.
	 */
	ENCRYPTION("mcp.persist.encryption",
			"Give each key as its ID, a colon, and 32 random bytes in Base64, which 'openssl rand "
					+ "-base64 32' makes, in YAML in quotes. Several are a list, or separated by commas; the first one encrypts. "
					+ "Without keys, nothing is encrypted: then remove what is set below mcp.persist.encryption. "
					+ "Before encryption is switched off, set accept-plain to true on all instances."),

	/**
	 * The keys of the state that clients of revision 2026-07-28 bring back.
	 */
	REQUEST_STATE("mcp.persist.modern.request-state",
			"Give each key as 32 random bytes in Base64, which 'openssl rand -base64 32' makes. Several are a list, or "
					+ "separated by commas; the first one seals, and all instances need the same. Without keys, the "
					+ "instances agree on one: then remove what is set below mcp.persist.modern.request-state.");

	private final ConfigurationPropertyName parent;

	private final ConfigurationPropertyName keys;

	private final String action;

	KeyProperties(String parent, String action) {
		this.parent = ConfigurationPropertyName.of(parent);
		this.keys = this.parent.append("keys");
		this.action = action;
	}

	/**
	 * Return what the keys are set with.
	 * @return the name of the property
	 */
	public ConfigurationPropertyName keys() {
		return this.keys;
	}

	/**
	 * Return what the property of the keys is below.
	 * @return the name of its parent
	 */
	ConfigurationPropertyName parent() {
		return this.parent;
	}

	/**
	 * Say what to do if keys can't be used.
	 * @return sentences for people
	 */
	public String action() {
		return this.action;
	}

	/**
	 * Say which keys the value of a property may be: that of {@code keys}, of what is
	 * below it, and of what was meant to be one of these.
	 * @param name the name of the property
	 * @return the keys, or {@code null} if it is none of them
	 */
	static @Nullable KeyProperties of(ConfigurationPropertyName name) {
		return Arrays.stream(values()).filter((keys) -> keys.mayBe(name)).findFirst().orElse(null);
	}

	/**
	 * Say whether the value of a property may be these keys.
	 * @param name the name of the property
	 * @return whether it may be
	 */
	boolean mayBe(ConfigurationPropertyName name) {
		int depth = this.parent.getNumberOfElements();
		return name.equals(this.parent)
				|| (this.parent.isAncestorOf(name) && name.getElement(depth, Form.UNIFORM).startsWith("key"));
	}

	/**
	 * Find out whether something is set that was meant to be these keys.
	 * @param environment where to look
	 * @return the name of the first such property, for people, or {@code null} if there
	 * is none
	 */
	public @Nullable String findIn(Environment environment) {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
			ConfigurationPropertyName found = names(source).filter(this::mayBe).findFirst().orElse(null);
			if (found != null) {
				return print(found);
			}
		}
		return null;
	}

	// Not every source can say what it has
	private Stream<ConfigurationPropertyName> names(ConfigurationPropertySource source) {
		return (source instanceof IterableConfigurationPropertySource iterable) ? iterable.stream()
				: Stream.of(this.parent, this.keys).filter((name) -> source.getConfigurationProperty(name) != null);
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
