package io.github.mcppersist.autoconfigure.payload;

import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Says what to do where the keys can't be bound. It comes before the analyzers of Spring
 * Boot, which print the values of what can't be bound.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
final class UnboundKeysFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
		KeyProperties keys = KeyProperties.of(cause.getName());
		return (keys != null) ? new FailureAnalysis(describe(cause), keys.action(), cause) : null;
	}

	private String describe(BindException failure) {
		UnboundConfigurationPropertiesException unbound = findCause(failure,
				UnboundConfigurationPropertiesException.class);
		if (unbound != null) {
			return unbound.getUnboundProperties()
				.stream()
				.map(ConfigurationProperty::getName)
				.map(KeyProperties::print)
				.sorted()
				.collect(Collectors.joining(", ", "",
						" can't be used: Keys are a list of texts, counted from 0 without a gap, and no key has a name of its own, "
								+ "as YAML reads one with a space behind its colon. Values aren't shown"));
		}
		return KeyProperties.print(failure.getName())
				+ " can't be used: It isn't what is expected there. Its value isn't shown";
	}

}
