package io.github.mcppersist.autoconfigure.springai;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.condition.ConditionEvaluationReport;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.AbstractApplicationContextRunner;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether ours is configured exactly where Spring AI's transport isn't, in each kind of
 * application.
 */
class SpringAiServerConditionTests {

	private static final List<String> MODULES = List.of("org.springframework.ai.mcp.server.webmvc",
			"org.springframework.ai.mcp.server.webflux", "org.springframework.ai.mcp.server.common");

	private static final String STREAMABLE = "spring.ai.mcp.server.protocol=STREAMABLE";

	static List<AbstractApplicationContextRunner<?, ?, ?>> applications() {
		return List.of(new WebApplicationContextRunner(), new ReactiveWebApplicationContextRunner(),
				new ApplicationContextRunner());
	}

	@ParameterizedTest
	@MethodSource("applications")
	void matchesWhereSpringAisTransportIsNotConfigured(AbstractApplicationContextRunner<?, ?, ?> application) {
		for (String server : List.of("protocol=STREAMABLE", "protocol=streamable", "protocol=SSE", "name=default")) {
			for (String property : List.of("stdio=false", "stdio=true", "enabled=TRUE", "enabled=false")) {
				AbstractApplicationContextRunner<?, ?, ?> runner = application
					.withPropertyValues("spring.ai.mcp.server." + server, "spring.ai.mcp.server." + property);
				assertMatchesWhereTheFilterDoes(runner);
				MODULES.forEach((module) -> assertMatchesWhereTheFilterDoes(
						runner.withClassLoader(new FilteredClassLoader(module))));
			}
		}
	}

	private static void assertMatchesWhereTheFilterDoes(AbstractApplicationContextRunner<?, ?, ?> runner) {
		runner.withUserConfiguration(Conditioned.class).run((context) -> {
			SpringAiImportFilter filter = new SpringAiImportFilter();
			filter.setEnvironment(context.getEnvironment());
			filter.setBeanClassLoader(context.getClassLoader());
			boolean configured = filter.match(new String[] { SpringAiImportFilter.WEBMVC_TRANSPORT }, null)[0];

			assertThat(context.getBeanProvider(Conditioned.class).stream()).hasSize(configured ? 0 : 1);
		});
	}

	@Test
	void saysWhyItMatchesOrDoesNot() {
		WebApplicationContextRunner servlet = new WebApplicationContextRunner().withUserConfiguration(Conditioned.class)
			.withPropertyValues(STREAMABLE);

		servlet.run((context) -> assertThat(message(context)).contains("takes the place of Spring AI's"));
		servlet.withPropertyValues("spring.ai.mcp.server.enabled=false")
			.run((context) -> assertThat(message(context)).contains("Spring AI configures none"));
		servlet.withPropertyValues("spring.ai.mcp.server.protocol=SSE")
			.run((context) -> assertThat(message(context)).contains("spring.ai.mcp.server.protocol is SSE"));
		new ApplicationContextRunner().withUserConfiguration(Conditioned.class)
			.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(message(context)).contains("isn't a web application"));
	}

	private static String message(ApplicationContext context) {
		return ConditionEvaluationReport.get(((ConfigurableApplicationContext) context).getBeanFactory())
			.getConditionAndOutcomesBySource()
			.get(Conditioned.class.getName())
			.iterator()
			.next()
			.getOutcome()
			.getMessage();
	}

	@Configuration(proxyBeanMethods = false)
	@Conditional(SpringAiServerCondition.class)
	static class Conditioned {

	}

}
