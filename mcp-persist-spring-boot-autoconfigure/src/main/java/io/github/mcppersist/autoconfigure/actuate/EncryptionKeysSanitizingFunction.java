package io.github.mcppersist.autoconfigure.actuate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.util.ObjectUtils;
import org.springframework.util.function.SingletonSupplier;

import io.github.mcppersist.autoconfigure.payload.KeyProperties;

/**
 * Hides the properties of the keys, however a property source spells them, and all values
 * that have one of the keys in them: a variable that a placeholder names, a command line,
 * JSON.
 */
final class EncryptionKeysSanitizingFunction implements SanitizingFunction {

	private static final List<String> PARENTS = Arrays.stream(KeyProperties.values())
		.map((keys) -> letters(keys.keys().getParent().toString()))
		.toList();

	private final Supplier<List<String>> traces;

	/**
	 * Hide the keys of an environment.
	 * @param environment what has the keys; it is asked for them when there is something
	 * to show
	 */
	EncryptionKeysSanitizingFunction(Environment environment) {
		this.traces = SingletonSupplier.of(() -> Arrays.stream(KeyProperties.values())
			.flatMap((keys) -> traces(environment, keys.keys().toString()))
			.toList());
	}

	@Override
	public SanitizableData apply(SanitizableData data) {
		return (isKeys(data.getKey()) || hasKey(data.getValue())) ? data.withSanitizedValue() : data;
	}

	private static boolean isKeys(String name) {
		String letters = letters(name);
		return PARENTS.stream().anyMatch((parent) -> letters.equals(parent) || letters.startsWith(parent + "key"));
	}

	private static String letters(String name) {
		return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
	}

	private boolean hasKey(@Nullable Object value) {
		if (value == null) {
			return false;
		}
		String text = ObjectUtils.nullSafeToString(value);
		return this.traces.get().stream().anyMatch(text::contains);
	}

	private static Stream<String> traces(Environment environment, String property) {
		try {
			return Binder.get(environment)
				.bind(property, Bindable.listOf(String.class))
				.orElseGet(List::of)
				.stream()
				.map(EncryptionKeysSanitizingFunction::trace)
				.filter((trace) -> !trace.isEmpty());
		}
		catch (BindException ex) {
			// With these an application starts only if it uses no keys
			return Stream.empty();
		}
	}

	// JSON and URLs write the other characters of Base64 in several ways
	private static String trace(String idAndKey) {
		return Arrays.stream(idAndKey.substring(idAndKey.indexOf(':') + 1).split("[^A-Za-z0-9]"))
			.max(Comparator.comparingInt(String::length))
			.orElse("");
	}

}
