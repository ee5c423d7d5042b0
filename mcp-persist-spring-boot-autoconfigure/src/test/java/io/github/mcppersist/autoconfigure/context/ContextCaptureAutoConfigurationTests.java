package io.github.mcppersist.autoconfigure.context;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

import io.micrometer.context.ContextSnapshotFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import reactor.util.context.Context;

import io.github.mcppersist.transport.ContextCapture;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a handler sees of its request's thread, and who decides that.
 */
class ContextCaptureAutoConfigurationTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(ContextCaptureAutoConfiguration.class));

	@AfterEach
	void clear() {
		SecurityContextHolder.clearContext();
		LocaleContextHolder.resetLocaleContext();
		MDC.clear();
	}

	@Test
	void bindsWhatWasBoundToTheRequestsThread() {
		this.context.run((context) -> {
			Authentication alice = new TestingAuthenticationToken("alice", null);
			SecurityContextHolder.getContext().setAuthentication(alice);
			LocaleContextHolder.setLocale(Locale.FRANCE);
			MDC.put("request", "7");
			UnaryOperator<Runnable> captured = context.getBean(ContextCapture.class).capture(Context.empty());
			clear();
			AtomicReference<Authentication> seen = new AtomicReference<>();
			AtomicReference<String> others = new AtomicReference<>();

			captured.apply(() -> {
				seen.set(SecurityContextHolder.getContext().getAuthentication());
				others.set(LocaleContextHolder.getLocale() + " " + MDC.get("request"));
			}).run();

			assertThat(seen).hasValue(alice);
			assertThat(others).hasValue("fr_FR 7");
			assertThat(SecurityContextHolder.getContext().getAuthentication()).isNull();
			assertThat(MDC.get("request")).isNull();
		});
	}

	@Test
	void isNotThereWithoutContextPropagationOrWhenDisabled() {
		this.context.withClassLoader(new FilteredClassLoader(ContextSnapshotFactory.class))
			.run((context) -> assertThat(context).doesNotHaveBean(ContextCapture.class));
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(ContextCapture.class));
	}

	@Test
	void givesWayToTheApplicationsOwn() {
		ContextCapture own = (reactorContext) -> UnaryOperator.identity();

		this.context.withBean(ContextCapture.class, () -> own)
			.run((context) -> assertThat(context).getBean(ContextCapture.class).isSameAs(own));
	}

}
