package io.github.mcppersist.autoconfigure.endpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.autoconfigure.context.properties.ConfigurationPropertiesReportEndpointAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.env.EnvironmentEndpointAutoConfiguration;
import org.springframework.boot.actuate.context.properties.ConfigurationPropertiesReportEndpoint;
import org.springframework.boot.actuate.env.EnvironmentEndpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.actuate.EncryptionKeysAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Whether revision 2026-07-28 is served. That the MCP SDK's own server of it is left
 * alone is in {@code SdkVersionsTests}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ModernEraTests {

	private static final String KEY = key(1);

	private static final String OTHER = key(2);

	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class));

	private static String key(int number) {
		byte[] key = new byte[32];
		Arrays.fill(key, (byte) (0xB0 + number));
		return Base64.getEncoder().encodeToString(key);
	}

	@Test
	void isServedByDefault() {
		this.context.run((context) -> {
			assertThat(context.getBean(ModernEra.class).obstacle()).isNull();
			assertThat(context.getBean(ModernEra.class).options()).isNotNull();
		});
	}

	@Test
	void isNotServedOnRequestAndNothingIsSaidOfIt() {
		this.context.withPropertyValues("mcp.persist.modern.enabled=false").run((context) -> {
			assertThat(context.getBean(ModernEra.class).obstacle()).isNull();
			assertThat(context.getBean(ModernEra.class).options()).isNull();
		});
	}

	@Test
	void isNotServedByNodesThatShareNoTaskStore() {
		ApplicationContextRunner nodes = this.context.withBean(EventStore.class, InMemoryEventStore::new)
			.withBean(SessionStore.class, InMemorySessionStore::new)
			.withBean(NodeRegistry.class, NodeRegistry::single);

		nodes.run((context) -> {
			assertThat(context).hasSingleBean(StreamableHttpEndpoint.class);
			assertThat(context.getBean(ModernEra.class).obstacle()).contains("TaskStore");
			assertThat(context.getBean(ModernEra.class).options()).isNull();
		});
		nodes.withBean(TaskStore.class, InMemoryTaskStore::new).run((context) -> {
			assertThat(context).hasSingleBean(StreamableHttpEndpoint.class);
			assertThat(context.getBean(ModernEra.class).options()).isNotNull();
		});
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(ModernEra.class));
	}

	@Test
	void saysWhatIsWrongWithAKeyAndNotWhatItIs(CapturedOutput output) {
		String shortKey = Base64.getEncoder().encodeToString(new byte[] { 7, 7, 7, 7, 7, 7, 7, 7 });
		for (String wrong : List.of(shortKey, KEY + "!", "id:" + KEY, "", KEY)) {
			assertThatException()
				.isThrownBy(() -> run("--mcp.persist.modern.request-state.keys[0]=" + KEY,
						"--mcp.persist.modern.request-state.keys[1]=" + wrong))
				.havingRootCause()
				.withMessageStartingWith("mcp.persist.modern.request-state.keys[1] can't be used");
		}

		assertThat(output)
			.contains("APPLICATION FAILED TO START", "openssl rand -base64 32", "It isn't Base64",
					"must have 32 bytes, but one has 8", "is there twice")
			.doesNotContain(shortKey.substring(0, 8))
			.doesNotContain(KEY.substring(0, 8));
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.modern.request-state.keys:\n  - id: KEY\n",
			"mcp.persist.modern.request-state.keys:\n  id: KEY\n", "mcp.persist.modern.request-state.keys[1]: KEY\n",
			"mcp.persist.modern.request-state: KEY\n" })
	void printsNoKeyThatCannotBeBound(String yaml, @TempDir Path directory, CapturedOutput output) throws Exception {
		Path file = Files.writeString(directory.resolve("application.yml"), yaml.replace("KEY", KEY));

		assertThatException().isThrownBy(() -> run("--spring.config.location=" + file.toUri()));

		assertThat(output)
			.contains("APPLICATION FAILED TO START", "mcp.persist.modern.request-state", "openssl rand -base64 32")
			.doesNotContain(KEY.substring(0, 8));
	}

	@Test
	void showsNoKey() {
		this.context
			.withConfiguration(AutoConfigurations.of(EncryptionKeysAutoConfiguration.class,
					EnvironmentEndpointAutoConfiguration.class,
					ConfigurationPropertiesReportEndpointAutoConfiguration.class))
			.withPropertyValues("mcp.persist.modern.request-state.keys=" + KEY + "," + OTHER,
					"management.endpoint.env.show-values=always", "management.endpoint.configprops.show-values=always",
					"management.endpoints.web.exposure.include=*", "mcp.persist.key-prefix=shown")
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addLast(new SystemEnvironmentPropertySource("test-systemEnvironment",
						Map.of("MCP_PERSIST_MODERN_REQUESTSTATE_KEYS_0", "another", "OTHER_NAME", KEY))))
			.run((context) -> {
				JsonMapper json = new JsonMapper();
				String env = json.writeValueAsString(context.getBean(EnvironmentEndpoint.class).environment(null));
				String properties = json.writeValueAsString(
						context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties());

				assertThat(env).contains("shown", "MCP_PERSIST_MODERN_REQUESTSTATE_KEYS_0", "OTHER_NAME")
					.doesNotContain("another", KEY.substring(0, 20), OTHER.substring(0, 20));
				assertThat(properties).contains("shown", "maxParkedCalls")
					.doesNotContain(KEY.substring(0, 20), OTHER.substring(0, 20));
				assertThat(context.getBean(McpPersistProperties.class).toString()).contains("RequestState[keys=2]")
					.doesNotContain(KEY, OTHER);
			});
	}

	private static void run(String... arguments) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.run(arguments).close();
	}

	@Configuration(proxyBeanMethods = false)
	@Import({ InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class,
			StreamableHttpEndpointAutoConfiguration.class })
	static class Application {

	}

}
