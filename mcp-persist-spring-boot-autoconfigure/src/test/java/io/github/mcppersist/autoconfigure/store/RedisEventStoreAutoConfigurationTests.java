package io.github.mcppersist.autoconfigure.store;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.annotation.Order;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.redis.RedisEventStore;

import static org.assertj.core.api.Assertions.assertThat;

class RedisEventStoreAutoConfigurationTests {

	// No Redis answers at the discard port: start-up never needs one
	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class,
				RedisEventStoreAutoConfiguration.class, InMemoryEventStoreAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=9");

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=auto", "mcp.persist.store=redis", "unrelated=true" })
	void keepsEventsInRedisWhereThereIsAConnectionFactory(String property) {
		this.context.withPropertyValues(property).run((context) -> {
			assertThat(context).hasSingleBean(EventStore.class);
			assertThat(context).hasSingleBean(RedisEventStore.class);
		});
	}

	@Test
	void keepsEventsInMemoryOnRequest() {
		this.context.withPropertyValues("mcp.persist.store=memory")
			.run((context) -> assertThat(context).hasSingleBean(InMemoryEventStore.class)
				.doesNotHaveBean(RedisEventStore.class));
	}

	@Test
	void keepsEventsInMemoryWithoutTheRedisModule() {
		this.context.withClassLoader(new FilteredClassLoader(RedisEventStore.class))
			.run((context) -> assertThat(context).hasSingleBean(InMemoryEventStore.class));
	}

	@Test
	void keepsEventsInMemoryWithoutSpringDataRedis() {
		this.context.withClassLoader(new FilteredClassLoader("org.springframework.data.redis"))
			.run((context) -> assertThat(context).hasSingleBean(InMemoryEventStore.class));
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(EventStore.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void givesWayToAnotherEventStore() {
		EventStore own = InMemoryEventStore.builder().build();

		this.context.withBean("own", EventStore.class, () -> own)
			.run((context) -> assertThat(context).getBean(EventStore.class).isSameAs(own));
	}

	@Test
	void asksWhichOfSeveralConnectionFactoriesToUse() {
		this.context.withUserConfiguration(TwoConnectionFactories.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(NoUniqueBeanDefinitionException.class)
				.hasMessageContaining("firstFactory,secondFactory"));
	}

	@Test
	void usesTheConnectionFactoryThatIsQualifiedAndNotTheOneOfTheCache() {
		this.context.withUserConfiguration(CacheAndQualified.class)
			.run((context) -> assertThat(context.getBean(RedisEventStore.class).address()).contains("localhost:10"));
	}

	@Test
	void usesTheConnectionFactoryThatIsQualifiedAndTheOnlyOne() {
		this.context.withUserConfiguration(OnlyQualified.class).run((context) -> {
			assertThat(context).getBean(EventStore.class).isInstanceOf(RedisEventStore.class);
			assertThat(context.getBean(RedisEventStore.class).address()).contains("localhost:10");
		});
	}

	@Test
	void keepsEventsInMemoryWithoutAConnectionFactory() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(RedisEventStoreAutoConfiguration.class,
					InMemoryEventStoreAutoConfiguration.class))
			.run((context) -> assertThat(context).hasSingleBean(InMemoryEventStore.class));
	}

	@Test
	void appliesCustomizersInTheirOrderAfterTheProperties() {
		this.context.withUserConfiguration(Customizers.class)
			.withPropertyValues("mcp.persist.ttl=1m")
			.run((context) -> assertThat(context).getBean(EventStore.class)
				.extracting(EventStore::timeToLive)
				.isEqualTo(Duration.ofMinutes(3)));
	}

	@Test
	void keepsStreamsForTheTimeToLive() {
		this.context.withPropertyValues("mcp.persist.ttl=7m")
			.run((context) -> assertThat(context.getBean(RedisEventStore.class).timeToLive())
				.isEqualTo(Duration.ofMinutes(7)));
	}

	@Configuration(proxyBeanMethods = false)
	static class TwoConnectionFactories {

		@Bean
		RedisConnectionFactory firstFactory() {
			return new LettuceConnectionFactory("localhost", 9);
		}

		@Bean
		RedisConnectionFactory secondFactory() {
			return new LettuceConnectionFactory("localhost", 9);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheAndQualified {

		@Bean
		@Primary
		RedisConnectionFactory cacheFactory() {
			return new LettuceConnectionFactory("localhost", 9);
		}

		@Bean(defaultCandidate = false)
		@McpPersistRedis
		RedisConnectionFactory mcpFactory() {
			return new LettuceConnectionFactory("localhost", 10);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OnlyQualified {

		@Bean(defaultCandidate = false)
		@McpPersistRedis
		RedisConnectionFactory mcpFactory() {
			return new LettuceConnectionFactory("localhost", 10);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Customizers {

		@Bean
		@Order(2)
		RedisEventStoreCustomizer last() {
			return (builder) -> builder.timeToLive(Duration.ofMinutes(3));
		}

		@Bean
		@Order(1)
		RedisEventStoreCustomizer first() {
			return (builder) -> builder.timeToLive(Duration.ofMinutes(2));
		}

	}

}
