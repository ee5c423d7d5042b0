package io.github.mcppersist.autoconfigure.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.springai.SpringAiServer;
import io.github.mcppersist.autoconfigure.springai.SpringAiTransports;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The line that whole applications log when they are ready: exactly one, whatever the
 * set-up.
 */
@NeedsRedis
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class StartReportTests {

	private static final String STREAMABLE = "spring.ai.mcp.server.protocol=STREAMABLE";

	private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

	private static final String PLAIN = "spring.ai.mcp.server.enabled=false";

	@ParameterizedTest
	@CsvSource({ "SERVLET, true", "SERVLET, false", "REACTIVE, true", "REACTIVE, false" })
	void saysWhereItIsServedAndWhatARestartLoses(WebApplicationType type, boolean springAi, CapturedOutput output) {
		run(type, springAi ? List.of() : List.of(PlainServer.class), springAi ? STREAMABLE : PLAIN,
				"server.servlet.context-path=/app", "spring.webflux.base-path=/app",
				"spring.ai.mcp.server.streamable-http.mcp-endpoint=/tools", "mcp.persist.endpoint=/tools");

		assertThat(lines(output)).singleElement()
			.asString()
			.contains(" INFO ", "MCP is served at /app/tools.", "kept in memory", "Configure Redis");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					unused=true | in memory: a restart loses them, and no other instance has them. Configure Redis to keep them
					mcp.persist.encryption.keys=new:KEY | . What is stored is encrypted with the key 'new', the only one
					mcp.persist.encryption.keys=new:KEY,old:KEY | . What is stored is encrypted with the key 'new', the first of 2
					mcp.persist.encryption.keys=new:KEY#mcp.persist.encryption.enabled=false | . What is stored is not encrypted, since mcp.persist.encryption.enabled is false, and is decrypted with the key 'new'""")
	void saysWhetherWhatIsStoredIsEncrypted(String properties, String text, CapturedOutput output) {
		List<String> all = new ArrayList<>(List.of(STREAMABLE));
		all.addAll(List.of(properties.replace("KEY", KEY).split("#")));

		run(WebApplicationType.SERVLET, List.of(), all.toArray(String[]::new));

		assertThat(lines(output)).singleElement().asString().endsWith(text).doesNotContain(KEY.substring(0, 8));
	}

	@Test
	void doesNotSayThatAnEndpointOfTheApplicationsOwnEncrypts(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(SeveralNodes.class), PLAIN, "mcp.persist.encryption.keys=a:" + KEY);

		assertThat(lines(output)).singleElement().asString().contains("MCP is served").doesNotContain("encrypted");
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void namesRedisAndTheKeyPrefixAndNeverThePassword(WebApplicationType type, CapturedOutput output) {
		try (RedisServer redis = RedisServer.start("requirepass s3cret")) {
			run(type, List.of(), STREAMABLE, "mcp.persist.store=redis", "mcp.persist.key-prefix=shop",
					"spring.data.redis.url=redis://:s3cret@127.0.0.1:" + redis.port());

			assertThat(lines(output)).singleElement()
				.asString()
				.contains("MCP is served at /mcp.", "Redis at 127.0.0.1:" + redis.port() + " ", "'shop'",
						"This is node ")
				.doesNotContain("s3cret");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					spring.data.redis.cluster.nodes=a.invalid:7000,b.invalid:7001 | the Cluster of a.invalid:7000, b.invalid:7001
					spring.data.redis.sentinel.nodes=a.invalid:26379 | the primary 'm' of the Sentinels a.invalid:26379
					spring.data.redis.url=rediss://user:s3cret@a.invalid:6380 | a.invalid:6380 (TLS)""")
	void namesEachKindOfRedis(String property, String address, CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(), STREAMABLE, "mcp.persist.store=redis",
				property.contains("sentinel") ? "spring.data.redis.sentinel.master=m" : "unused=true", property);

		assertThat(lines(output)).filteredOn((line) -> line.contains(" INFO "))
			.singleElement()
			.asString()
			.contains("Redis at " + address + " with")
			.doesNotContain("s3cret");
	}

	@Test
	void namesTheClassOfAnotherStore(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(OwnStore.class), STREAMABLE);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("sessions in memory: no other instance", "Events are kept in ", "$Proxy");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					unused=true | spring.ai.mcp.server.protocol isn't set, and Spring AI's default is SSE. Set it to STREAMABLE
					spring.ai.mcp.server.protocol=SSE | spring.ai.mcp.server.protocol is SSE. Set it to STREAMABLE
					spring.ai.mcp.server.protocol=STATELESS | spring.ai.mcp.server.protocol is STATELESS. Set it to STREAMABLE""")
	void saysWhyItDoesNothingBesideSpringAi(String property, String reason, CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(), property);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains(" INFO ", "mcp-persist does nothing here", reason, "mcp.persist.enabled=false");
	}

	@Test
	void saysThatNothingIsServedOutsideAWebApplication(CapturedOutput output) {
		run(WebApplicationType.NONE, List.of(), STREAMABLE);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("does nothing here", "this isn't a web application", "spring-ai-starter-mcp-server-webmvc");
	}

	@Test
	void saysThatNothingIsServedOutsideAWebApplicationOfThePlainSdk(CapturedOutput output) {
		run(WebApplicationType.NONE, List.of(PlainServer.class), PLAIN);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("does nothing here", "this isn't a web application", "spring-boot-starter-webmvc");
	}

	@Test
	void saysThatThereIsNoServer(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(), PLAIN);

		assertThat(lines(output)).singleElement().asString().contains("No MCP server is built", "503", "McpSyncServer");
	}

	@Test
	void saysThatALazyServerIsNotBuiltYet(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(PlainServer.class), PLAIN, "spring.main.lazy-initialization=true");

		assertThat(lines(output)).singleElement().asString().contains("lazy-initialization", "503");
	}

	@Test
	void namesATransportOfTheApplicationsOwn(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(OwnTransport.class), PLAIN);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("'ownTransport'", "HttpServletStreamableServerTransportProvider", "it wins");
	}

	@Test
	void saysThatTheAutoConfigurationIsExcluded(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(), PLAIN, "spring.autoconfigure.exclude="
				+ StreamableHttpEndpointAutoConfiguration.class.getName() + "," + SpringAiTransports.WEBMVC.others());

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("StreamableHttpEndpointAutoConfiguration isn't in effect");
	}

	@ParameterizedTest
	@ValueSource(strings = { STREAMABLE, "spring.ai.mcp.server.protocol=SSE" })
	void saysNothingWhenItIsSwitchedOff(String protocol, CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(), protocol, "mcp.persist.enabled=false");

		assertThat(lines(output)).isEmpty();
	}

	@Test
	void saysThatNodesWithoutATaskStoreDoNotServeTheModernEra(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(OwnNodes.class), STREAMABLE);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains("MCP is served at /mcp.", "Revision 2026-07-28 isn't served there", "no TaskStore");
	}

	@Test
	void doesNotKeepAnApplicationWithSeveralNodesFromStarting(CapturedOutput output) {
		run(WebApplicationType.SERVLET, List.of(SeveralNodes.class), PLAIN);

		assertThat(lines(output)).singleElement()
			.asString()
			.contains(" INFO ", "MCP is served")
			.doesNotContain("This is node");
	}

	private static void run(WebApplicationType type, List<Class<?>> configurations, String... properties) {
		boolean reactive = type == WebApplicationType.REACTIVE;
		List<String> all = new ArrayList<>(
				List.of("server.port=0", "server.address=127.0.0.1", "spring.reactor.netty.shutdown-quiet-period=0s",
						"mcp.persist.store=memory", "logging.level.io.github.mcppersist=INFO",
						(reactive ? SpringAiTransports.WEBFLUX : SpringAiTransports.WEBMVC).alone()));
		all.addAll(List.of(properties));
		List<Class<?>> sources = new ArrayList<>(configurations);
		sources.add(reactive ? SpringAiServer.ReactiveApplication.class
				: (type == WebApplicationType.NONE) ? NoWebApplication.class : SpringAiServer.ServletApplication.class);
		new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).web(type)
			.bannerMode(Banner.Mode.OFF)
			.logStartupInfo(false)
			.properties(all.toArray(String[]::new))
			.run()
			.close();
	}

	private static List<String> lines(CapturedOutput output) {
		return Arrays.stream(output.getAll().split("\\R"))
			.filter((line) -> line.contains("mcppersist") && (line.contains(" INFO ") || line.contains(" WARN ")))
			.toList();
	}

	@Configuration(proxyBeanMethods = false)
	@org.springframework.boot.autoconfigure.EnableAutoConfiguration
	static class NoWebApplication {

	}

	@Configuration(proxyBeanMethods = false)
	static class PlainServer {

		@Bean(destroyMethod = "close")
		McpSyncServer mcpServer(McpStreamableServerTransportProvider transport) {
			return McpServer.sync(transport).serverInfo("plain", "1").build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnStore {

		@Bean(destroyMethod = "")
		EventStore eventStore() {
			EventStore store = new InMemoryEventStore();
			return (EventStore) java.lang.reflect.Proxy.newProxyInstance(EventStore.class.getClassLoader(),
					new Class<?>[] { EventStore.class }, (proxy, method, args) -> method.invoke(store, args));
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SeveralNodes {

		@Bean
		NodeRegistry first() {
			return NodeRegistry.single();
		}

		@Bean
		NodeRegistry second() {
			return NodeRegistry.single();
		}

		@Bean
		StreamableHttpEndpoint endpoint(@Qualifier("first") NodeRegistry node) {
			return StreamableHttpEndpoint.builder(new InMemoryEventStore())
				.sessionStore(new InMemorySessionStore())
				.nodeRegistry(node)
				.build();
		}

		@Bean(destroyMethod = "close")
		McpSyncServer mcpServer(StreamableHttpEndpoint endpoint) {
			return McpServer.sync(endpoint).serverInfo("plain", "1").build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnNodes {

		@Bean
		EventStore eventStore() {
			return new InMemoryEventStore();
		}

		@Bean
		SessionStore sessionStore() {
			return new InMemorySessionStore();
		}

		@Bean
		NodeRegistry nodeRegistry() {
			return NodeRegistry.single();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnTransport {

		@Bean
		McpStreamableServerTransportProvider ownTransport() {
			return HttpServletStreamableServerTransportProvider.builder().build();
		}

	}

}
