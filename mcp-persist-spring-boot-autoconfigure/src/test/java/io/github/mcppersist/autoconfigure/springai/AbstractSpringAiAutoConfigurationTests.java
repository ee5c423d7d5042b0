package io.github.mcppersist.autoconfigure.springai;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpServerTransportProviderBase;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.assertj.ApplicationContextAssertProvider;
import org.springframework.boot.test.context.runner.AbstractApplicationContextRunner;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.report.StartReportAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Who is configured, beside all of Spring AI's own auto-configuration, on whichever
 * server. Both transports of Spring AI are on the class path here.
 *
 * @param <R> runs a context on the server
 * @param <C> the context
 * @param <A> the context, for assertions
 */
abstract class AbstractSpringAiAutoConfigurationTests<R extends AbstractApplicationContextRunner<R, C, A>, C extends ConfigurableApplicationContext, A extends ApplicationContextAssertProvider<C>> {

	private static final String STREAMABLE = "spring.ai.mcp.server.protocol=STREAMABLE";

	private final R context;

	private final SpringAiTransports transports;

	AbstractSpringAiAutoConfigurationTests(R context, SpringAiTransports transports) {
		this.context = context.withUserConfiguration(Application.class).withPropertyValues("mcp.persist.store=memory");
		this.transports = transports;
	}

	/**
	 * Return what serves an endpoint without Spring AI.
	 * @return the name of a bean that is there only then
	 */
	abstract String plainServer();

	/**
	 * Return a configuration with a transport of Spring AI's that the application
	 * declares.
	 * @return the class
	 */
	abstract Class<?> ownTransport();

	/**
	 * Return the router function of that transport.
	 * @param transport the transport
	 * @return the router function
	 */
	abstract Object routerFunction(McpStreamableServerTransportProvider transport);

	/**
	 * Return a configuration with a router function of Spring AI's name.
	 * @return the class
	 */
	abstract Class<?> ownRouterFunction();

	@Test
	void takesThePlaceOfSpringAisTransport() {
		this.context.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).hasSingleBean(McpSyncServer.class)
				.hasBean(this.transports.routerFunction())
				.getBean(McpServerTransportProviderBase.class)
				.isInstanceOf(StreamableHttpEndpoint.class));
	}

	@Test
	void servesAnAsyncServerAlike() {
		this.context.withPropertyValues(STREAMABLE, "spring.ai.mcp.server.type=ASYNC")
			.run((context) -> assertThat(context).hasSingleBean(McpAsyncServer.class)
				.getBean(McpServerTransportProviderBase.class)
				.isInstanceOf(StreamableHttpEndpoint.class));
	}

	@Test
	void servesNothingBesideTheRouterFunction() {
		this.context.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).doesNotHaveBean(plainServer()));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.ai.mcp.server.protocol=SSE", "spring.ai.mcp.server.protocol=STATELESS",
			"spring.ai.mcp.server.stdio=true", "spring.ai.mcp.server.name=default" })
	void leavesOtherServersAsTheyWere(String property) {
		R alone = this.context.withPropertyValues(this.transports.alone(), property);
		Set<String> before = new TreeSet<>();
		alone.withPropertyValues("mcp.persist.enabled=false").run((context) -> before.addAll(beans(context)));

		before.add(StartReportAutoConfiguration.START_REPORT);
		before.add(StartReportAutoConfiguration.class.getName());
		alone.run((context) -> assertThat(beans(context)).hasSizeGreaterThan(10).isEqualTo(before));
	}

	@Test
	void leavesSpringAiAsItWasOutsideAWebApplication() {
		new ApplicationContextRunner().withUserConfiguration(Application.class)
			.withPropertyValues(STREAMABLE, this.transports.alone())
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(this.transports.type())
				.doesNotHaveBean(StreamableHttpEndpoint.class));
	}

	@Test
	void leavesSpringAiAsItWasWhenDisabled() {
		this.context.withPropertyValues(STREAMABLE, this.transports.alone(), "mcp.persist.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(this.transports.type())
				.hasBean(this.transports.routerFunction())
				.doesNotHaveBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void servesAPlainServerWhereSpringAisIsDisabled() {
		this.context.withPropertyValues(STREAMABLE, "spring.ai.mcp.server.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(this.transports.routerFunction())
				.hasBean(plainServer()));
	}

	@Test
	void givesWayToATransportOfTheApplicationsOwn() {
		this.context.withUserConfiguration(ownTransport()).withPropertyValues(STREAMABLE).run((context) -> {
			assertThat(context).hasSingleBean(McpSyncServer.class)
				.doesNotHaveBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(plainServer())
				.hasSingleBean(McpServerTransportProviderBase.class);
			assertThat(context.getBean(this.transports.routerFunction()))
				.isSameAs(routerFunction(context.getBean(this.transports.type())));
		});
	}

	@Test
	void givesWayToARouterFunctionOfSpringAisName() {
		this.context.withUserConfiguration(ownRouterFunction())
			.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(plainServer())
				.getBean(this.transports.routerFunction())
				.isSameAs(context.getBean("own")));
	}

	private static Set<String> beans(ApplicationContext context) {
		return new TreeSet<>(Arrays.asList(context.getBeanDefinitionNames()));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
