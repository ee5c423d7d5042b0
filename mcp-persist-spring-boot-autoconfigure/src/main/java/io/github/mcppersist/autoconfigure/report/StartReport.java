package io.github.mcppersist.autoconfigure.report;

import java.util.Arrays;
import java.util.stream.Collectors;

import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.ClassUtils;

import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.ModernEra;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.payload.ConfiguredPayloadCodec;
import io.github.mcppersist.autoconfigure.springai.SpringAiSetup;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Logs one line when the application is ready, which is late enough for a server that the
 * application builds in a runner.
 */
final class StartReport implements ApplicationListener<ApplicationReadyEvent> {

	private static final Logger logger = LoggerFactory.getLogger(StartReport.class);

	private final ConfigurableApplicationContext context;

	StartReport(ConfigurableApplicationContext context) {
		this.context = context;
	}

	// That of a child context comes here, too
	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		if (event.getApplicationContext() == this.context) {
			report(event.getSpringApplication().getWebApplicationType() != WebApplicationType.NONE);
		}
	}

	private void report(boolean web) {
		String obstacle = obstacle(web);
		if (obstacle != null) {
			logger.info(obstacle);
			return;
		}
		EndpointPath path = this.context.getBeanProvider(EndpointPath.class).getIfAvailable();
		NodeRegistry nodes = this.context.getBeanProvider(NodeRegistry.class).getIfUnique();
		LoggingEventBuilder line = logger.atInfo();
		if (nodes != null) {
			line = line.addKeyValue("mcp.node.id", nodes.nodeId());
		}
		line.log("MCP is served {}. {}{}{}{}",
				(path != null) ? "at " + path.value() : "where a bean of the application's own says", stores(),
				encryption(), modern(), (nodes != null) ? ". This is node " + nodes.nodeId() : "");
	}

	/**
	 * Say why nothing is served.
	 * @param web whether the application is one for the web
	 * @return the reason and what to do, or {@code null}
	 */
	private @Nullable String obstacle(boolean web) {
		SpringAiSetup springAi = new SpringAiSetup(this.context.getEnvironment(), this.context.getClassLoader());
		String obstacle = springAi.hasServer() ? springAi.obstacle() : null;
		if (obstacle != null) {
			return idle(obstacle);
		}
		String[] endpoints = names(StreamableHttpEndpoint.class);
		if (endpoints.length == 0) {
			return idle(otherTransport());
		}
		if (!web) {
			return idle("this isn't a web application, so that nobody can reach its MCP endpoint. Add "
					+ "spring-boot-starter-webmvc or spring-boot-starter-webflux");
		}
		// Asking a lazy one for its state would make it
		boolean anyServer = Arrays.stream(endpoints)
			.filter(this.context.getBeanFactory()::containsSingleton)
			.anyMatch((name) -> this.context.getBean(name, StreamableHttpEndpoint.class).hasServer());
		if (anyServer) {
			return null;
		}
		return this.context.getEnvironment().getProperty("spring.main.lazy-initialization", Boolean.class, false)
				? "No MCP server is built yet, since spring.main.lazy-initialization is on: requests get 503 until "
						+ "something asks for its bean. A LazyInitializationExcludeFilter bean excludes it"
				: "No MCP server is built on the transport of mcp-persist: requests get 503. Declare a bean "
						+ "McpSyncServer or McpAsyncServer that is built with McpServer.sync(..) or .async(..) of the bean "
						+ "McpStreamableServerTransportProvider";
	}

	private static String idle(String reason) {
		return "mcp-persist does nothing here: " + reason + ". If that is meant, mcp.persist.enabled=false says so";
	}

	private String otherTransport() {
		String[] others = names(McpStreamableServerTransportProvider.class);
		if (others.length == 0) {
			return StreamableHttpEndpointAutoConfiguration.class.getSimpleName()
					+ " isn't in effect. Don't exclude it; the condition evaluation report (--debug) says more";
		}
		return Arrays.stream(others)
			.map((name) -> "'" + name + "' (" + typeName(this.context.getType(name)) + ")")
			.collect(Collectors.joining(", ", "the application has a transport of its own, the bean ",
					", and it wins. Take it away to have this one"));
	}

	private String stores() {
		EventStore events = this.context.getBeanProvider(EventStore.class).getIfUnique();
		SessionStore sessions = this.context.getBeanProvider(SessionStore.class).getIfUnique();
		if (events == null || sessions == null) {
			return "Events and sessions are kept in stores of the application's own";
		}
		if (events instanceof InMemoryEventStore && sessions instanceof InMemorySessionStore) {
			return "Events and sessions are kept in memory: a restart loses them, and no other instance has them. "
					+ "Configure Redis to keep them";
		}
		if (sessions instanceof InMemorySessionStore) {
			return "Events are kept in " + describe(events) + ", and sessions in memory: no other instance has them. "
					+ "Declare the event store's bean by its class if it is a RedisEventStore, or a SessionStore and a "
					+ "NodeRegistry";
		}
		return sessions.getClass().getPackage().equals(events.getClass().getPackage())
				? "Events and sessions are kept in " + describe(events)
				: "Events are kept in " + describe(events) + ", and sessions in " + typeName(sessions.getClass());
	}

	// An endpoint that the application makes needn't have the codec
	private String encryption() {
		ConfigurableListableBeanFactory beans = this.context.getBeanFactory();
		boolean configured = Arrays.stream(names(StreamableHttpEndpoint.class))
			.allMatch((name) -> beans.containsBeanDefinition(name)
					&& StreamableHttpEndpointAutoConfiguration.class.getName()
						.equals(beans.getBeanDefinition(name).getFactoryBeanName()));
		ConfiguredPayloadCodec codec = this.context.getBeanProvider(ConfiguredPayloadCodec.class).getIfUnique();
		return (configured && codec != null && codec.encryption() != null) ? ". " + codec.encryption() : "";
	}

	private String modern() {
		ModernEra era = this.context.getBeanProvider(ModernEra.class).getIfUnique();
		String obstacle = (era != null) ? era.obstacle() : null;
		return (obstacle != null) ? ". Revision 2026-07-28 isn't served there, " + obstacle : "";
	}

	private static String describe(EventStore events) {
		if (events instanceof InMemoryEventStore) {
			return "memory";
		}
		return (Redis.PRESENT && Redis.is(events)) ? Redis.describe(events) : typeName(events.getClass());
	}

	private String[] names(Class<?> type) {
		return this.context.getBeanFactory().getBeanNamesForType(type, true, false);
	}

	private static String typeName(@Nullable Class<?> type) {
		return (type != null) ? ClassUtils.getUserClass(type).getName() : "of an unknown type";
	}

	/**
	 * Isn't loaded without the module for Redis.
	 */
	private static final class Redis {

		static final boolean PRESENT = ClassUtils.isPresent("io.github.mcppersist.redis.RedisEventStore",
				StartReport.class.getClassLoader());

		static boolean is(EventStore events) {
			return events instanceof RedisEventStore;
		}

		static String describe(EventStore events) {
			RedisEventStore redis = (RedisEventStore) events;
			return "Redis at " + redis.address() + " with the key prefix '" + redis.keyPrefix() + "'"
					+ ((redis.outage() != null) ? ", as soon as it is within reach" : "");
		}

	}

}
