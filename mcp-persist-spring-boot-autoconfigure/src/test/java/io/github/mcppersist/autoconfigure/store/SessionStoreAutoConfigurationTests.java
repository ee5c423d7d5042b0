package io.github.mcppersist.autoconfigure.store;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisNodeRegistry;
import io.github.mcppersist.redis.RedisSessionStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.TooManySessionsException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Sessions are where the events are, unless the application says otherwise.
 */
class SessionStoreAutoConfigurationTests {

	// No Redis answers at the discard port: start-up never needs one
	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class,
				RedisEventStoreAutoConfiguration.class, RedisSessionStoreAutoConfiguration.class,
				InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=9");

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=auto", "mcp.persist.store=redis", "unrelated=true" })
	void keepsSessionsInRedisWhereTheEventsAre(String property) {
		this.context.withPropertyValues(property).run((context) -> {
			assertThat(context).hasSingleBean(SessionStore.class).hasSingleBean(RedisSessionStore.class);
			assertThat(context).hasSingleBean(NodeRegistry.class).hasSingleBean(RedisNodeRegistry.class);
			assertThat(context.getBean(SessionStore.class).timeToLive()).isEqualTo(Duration.ofHours(24));
		});
	}

	@Test
	void keepsSessionsInMemoryOnRequest() {
		this.context.withPropertyValues("mcp.persist.store=memory", "mcp.persist.session-timeout=5m").run((context) -> {
			assertThat(context).hasSingleBean(InMemorySessionStore.class)
				.hasSingleBean(SessionStore.class)
				.doesNotHaveBean(NodeRegistry.class);
			assertThat(context.getBean(SessionStore.class).timeToLive()).isEqualTo(Duration.ofMinutes(5));
		});
	}

	@Test
	void keepsSessionsInMemoryWithoutTheRedisModule() {
		this.context.withClassLoader(new FilteredClassLoader(RedisEventStore.class))
			.run((context) -> assertThat(context).hasSingleBean(InMemorySessionStore.class));
	}

	@Test
	void keepsSessionsInMemoryBesideAnotherEventStore() {
		this.context.withBean("own", EventStore.class, InMemoryEventStore::new)
			.run((context) -> assertThat(context).hasSingleBean(InMemorySessionStore.class)
				.doesNotHaveBean(NodeRegistry.class));
	}

	@Test
	void keepsSessionsInMemoryBesideAStoreThatIsNotKnownToBeInRedis() {
		this.context.withUserConfiguration(StoreByItsInterface.class)
			.run((context) -> assertThat(context).hasSingleBean(InMemorySessionStore.class));
	}

	@Test
	void setsTheSessionTimeoutOfTheStoreInRedis() {
		this.context.withPropertyValues("mcp.persist.session-timeout=7m")
			.run((context) -> assertThat(context.getBean(RedisSessionStore.class).timeToLive())
				.isEqualTo(Duration.ofMinutes(7)));
	}

	@Test
	void setsHowManySessionsTheStoreInMemoryKeeps() {
		this.context.withPropertyValues("mcp.persist.store=memory", "mcp.persist.max-sessions=1").run((context) -> {
			SessionStore store = context.getBean(SessionStore.class);
			store.createSession(SessionRecord.initialized("first", "{}", "2025-11-25", null, "server")).block();

			assertThatExceptionOfType(TooManySessionsException.class).isThrownBy(
					() -> store.createSession(SessionRecord.initialized("second", "{}", "2025-11-25", null, "server"))
						.block());
		});
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(SessionStore.class)
				.doesNotHaveBean(NodeRegistry.class));
	}

	@Test
	void givesTheNodeRegistryTheIdOfTheEventStore() {
		this.context.run((context) -> assertThat(context.getBean(NodeRegistry.class).nodeId())
			.isEqualTo(context.getBean(RedisEventStore.class).nodeId()));
	}

	@Test
	void givesWayToAnotherSessionStoreAndAnotherNodeRegistry() {
		SessionStore ownStore = new InMemorySessionStore();
		NodeRegistry ownRegistry = NodeRegistry.single();

		this.context.withBean("ownStore", SessionStore.class, () -> ownStore)
			.withBean("ownRegistry", NodeRegistry.class, () -> ownRegistry)
			.run((context) -> {
				assertThat(context).getBean(SessionStore.class).isSameAs(ownStore);
				assertThat(context).getBean(NodeRegistry.class).isSameAs(ownRegistry);
			});
	}

	@Test
	void closesTheStoreBeforeTheConnectionFactoryStops() {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		this.context.withBean(WhenTheFactoryStops.class, () -> new WhenTheFactoryStops()).run((context) -> {
			RedisEventStore store = context.getBean(RedisEventStore.class);
			WhenTheFactoryStops probe = context.getBean(WhenTheFactoryStops.class);
			probe.phase = context.getBean(LettuceConnectionFactory.class).getPhase();
			probe.task = () -> store.deleteSession("s").onErrorComplete((ex) -> {
				failure.set(ex);
				return true;
			}).block();
		});

		assertThat(failure.get()).hasMessage("The event store is closed");
	}

	private static final class WhenTheFactoryStops implements SmartLifecycle {

		private int phase;

		private Runnable task = () -> {
		};

		private boolean running;

		@Override
		public void start() {
			this.running = true;
		}

		@Override
		public void stop() {
			this.running = false;
			this.task.run();
		}

		@Override
		public boolean isRunning() {
			return this.running;
		}

		@Override
		public int getPhase() {
			return this.phase;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class StoreByItsInterface {

		@Bean
		EventStore eventStore(RedisConnectionFactory connectionFactory) {
			return RedisEventStore.builder(connectionFactory).build();
		}

	}

}
