package io.github.mcppersist.autoconfigure.payload;

import java.nio.charset.StandardCharsets;
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
import org.junit.jupiter.params.provider.CsvSource;
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
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.actuate.EncryptionKeysAutoConfiguration;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.DeflatePayloadCodec;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

@ExtendWith(OutputCaptureExtension.class)
class PayloadCodecAutoConfigurationTests {

	private static final PayloadPlace PLACE = new PayloadPlace(PayloadPlace.Kind.EVENT, "session", "event");

	private static final byte[] PAYLOAD = "{\"message\":\"a message\"}".repeat(100).getBytes(StandardCharsets.UTF_8);

	private static final String OLD = key(1);

	private static final String NEW = key(2);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(PayloadCodecAutoConfiguration.class));

	private static String key(int number) {
		byte[] key = new byte[AesGcmPayloadCodec.KEY_BYTES];
		Arrays.fill(key, (byte) (0xA0 + number));
		return Base64.getEncoder().encodeToString(key);
	}

	private static byte[] encoded(PayloadCodec codec) {
		byte[] encoded = codec.encode(PLACE, PAYLOAD);
		assertThat(codec.decode(PLACE, encoded)).isEqualTo(PAYLOAD);
		return encoded;
	}

	private static String keyId(byte[] encoded) {
		return new String(encoded, 2, encoded[1], StandardCharsets.US_ASCII);
	}

	@Test
	void storesPayloadsAsTheyAreByDefault() {
		this.runner.run((context) -> {
			PayloadCodec codec = context.getBean(PayloadCodec.class);

			assertThat(codec.encode(PLACE, PAYLOAD)).isSameAs(PAYLOAD);
			assertThat(codec.decode(PLACE, PAYLOAD)).isSameAs(PAYLOAD);
		});
	}

	@Test
	void encryptsWithTheFirstOfItsKeys() {
		this.runner
			.withPropertyValues("mcp.persist.encryption.keys[0]=new:" + NEW,
					"mcp.persist.encryption.keys[1]=old:" + OLD)
			.run((context) -> {
				PayloadCodec codec = context.getBean(PayloadCodec.class);

				assertThat(keyId(encoded(codec))).isEqualTo("new");
				assertThat(codec.decode(PLACE, codec("old:" + OLD).encode(PLACE, PAYLOAD))).isEqualTo(PAYLOAD);
				assertThat(codec.decode(PLACE, PAYLOAD)).isEqualTo(PAYLOAD);
			});
	}

	private static PayloadCodec codec(String key) {
		String[] parts = key.split(":");
		return AesGcmPayloadCodec.builder().key(parts[0], Base64.getDecoder().decode(parts[1])).build();
	}

	@Test
	void takesItsKeysFromOneEnvironmentVariable() {
		this.runner
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment",
						Map.of("MCP_PERSIST_ENCRYPTION_KEYS", "new:" + NEW + ", old:" + OLD))))
			.run((context) -> assertThat(context).getBean(PayloadCodec.class)
				.asString()
				.contains("AES-256-GCM with the keys [new, old]"));
	}

	@Test
	void takesItsKeysFromAMountedFile(@TempDir Path secrets) throws Exception {
		Files.writeString(secrets.resolve("mcp.persist.encryption.keys"), "new:" + NEW + ",old:" + OLD + "\n");

		try (ConfigurableApplicationContext context = run("--spring.config.import=configtree:" + secrets + "/")) {
			assertThat(context.getBean(PayloadCodec.class).toString()).contains("AES-256-GCM with the keys [new, old]");
		}
	}

	@Test
	void onlyDecryptsWhileKeysAreRolledOut() {
		this.runner.withPropertyValues("mcp.persist.encryption.keys=a:" + OLD, "mcp.persist.encryption.enabled=false")
			.run((context) -> {
				PayloadCodec codec = context.getBean(PayloadCodec.class);

				assertThat(codec.encode(PLACE, PAYLOAD)).isEqualTo(PAYLOAD);
				assertThat(codec.decode(PLACE, codec("a:" + OLD).encode(PLACE, PAYLOAD))).isEqualTo(PAYLOAD);
			});
	}

	@Test
	void refusesPlainPayloadsIfToldSo() {
		this.runner
			.withPropertyValues("mcp.persist.encryption.keys=a:" + OLD, "mcp.persist.encryption.accept-plain=false")
			.run((context) -> assertThatException()
				.isThrownBy(() -> context.getBean(PayloadCodec.class).decode(PLACE, PAYLOAD)));
	}

	@Test
	void compressesBeforeItEncrypts() {
		this.runner.withPropertyValues("mcp.persist.compression.enabled=true")
			.run((context) -> assertThat(encoded(context.getBean(PayloadCodec.class)))
				.hasSizeLessThan(PAYLOAD.length / 10));
		this.runner.withPropertyValues("mcp.persist.compression.enabled=true", "mcp.persist.encryption.keys=a:" + OLD)
			.run((context) -> assertThat(encoded(context.getBean(PayloadCodec.class)))
				.hasSizeLessThan(PAYLOAD.length / 10)
				.startsWith(3));
		this.runner.withPropertyValues("mcp.persist.compression.enabled=true", "mcp.persist.compression.min-size=3KB")
			.run((context) -> assertThat(encoded(context.getBean(PayloadCodec.class))).isEqualTo(PAYLOAD));
	}

	@Test
	void readsWhatIsCompressedAlsoIfItCompressesNothing() {
		byte[] compressed = new DeflatePayloadCodec(1, 1 << 20).encode(PLACE, PAYLOAD);

		this.runner.run((context) -> assertThat(context.getBean(PayloadCodec.class).decode(PLACE, compressed))
			.isEqualTo(PAYLOAD));
		this.runner.withPropertyValues("mcp.persist.encryption.keys=a:" + NEW)
			.run((context) -> assertThat(
					context.getBean(PayloadCodec.class).decode(PLACE, codec("a:" + NEW).encode(PLACE, compressed)))
				.isEqualTo(PAYLOAD));
	}

	@Test
	void aCodecOfTheApplicationsOwnWins() {
		PayloadCodec own = codec("own:" + OLD);

		this.runner.withPropertyValues("mcp.persist.encryption.keys=a:" + NEW)
			.withBean(PayloadCodec.class, () -> own)
			.run((context) -> assertThat(context).getBean(PayloadCodec.class).isSameAs(own));
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.runner.withPropertyValues("mcp.persist.enabled=false", "mcp.persist.encryption.keys=a:" + NEW)
			.run((context) -> assertThat(context).doesNotHaveBean(PayloadCodec.class));
	}

	@Test
	void theEndpointHasTheCodec() {
		this.runner
			.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
					InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class))
			.withPropertyValues("mcp.persist.encryption.keys=a:" + NEW)
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class));
	}

	@Test
	void saysWhatIsWrongWithAKeyAndNotWhatItIs(CapturedOutput output) {
		String shortKey = Base64.getEncoder().encodeToString(new byte[] { 7, 7, 7, 7, 7, 7, 7, 7 });
		for (String wrong : List.of("a:" + shortKey, OLD, "a:" + OLD + "!", ":" + OLD, "a b:" + OLD, "",
				"a:" + OLD + ",a:" + NEW)) {
			String property = "mcp.persist.encryption.keys[" + (wrong.contains(",") ? 1 : 0) + "]";
			assertThatException()
				.isThrownBy(() -> run("--mcp.persist.encryption.keys[0]=" + wrong.split(",", 2)[0],
						"--mcp.persist.encryption.keys[1]=" + wrong.substring(wrong.indexOf(',') + 1)))
				.havingRootCause()
				.withMessageStartingWith(property);
		}

		assertThat(output).contains("openssl rand -base64 32")
			.contains("What follows the colon isn't Base64")
			.doesNotContain(shortKey.substring(0, 8))
			.doesNotContain(OLD.substring(0, 8))
			.doesNotContain(NEW.substring(0, 8));
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.encryption.keys:\n  - 2026-11: KEY\n",
			"mcp.persist.encryption.keys:\n  - id: 2026-11\n    key: KEY\n",
			"mcp.persist.encryption.keys:\n  - '2026-11:KEY':\n", "mcp.persist.encryption.keys:\n  - - 2026-11:KEY\n",
			"mcp.persist.encryption.keys[1]: 2026-11:KEY\n",
			"mcp.persist.encryption.keys[0]: a:KEY\nmcp.persist.encryption.keys[2]: 2026-11:KEY\n",
			"mcp.persist.encryption.keys: 2026-11:KEY,${MISSING}\n", "mcp.persist.encryption: 2026-11:KEY\n" })
	void printsNoKeyThatCannotBeBound(String yaml, @TempDir Path directory, CapturedOutput output) throws Exception {
		Path file = Files.writeString(directory.resolve("application.yml"), yaml.replace("KEY", NEW));

		assertThatException().isThrownBy(() -> run("--spring.config.location=" + file.toUri()));

		assertThat(output).contains("APPLICATION FAILED TO START", "mcp.persist.encryption", "openssl rand -base64 32")
			.doesNotContain(NEW.substring(0, 8));
	}

	@Test
	void namesWhatCannotBeBound(CapturedOutput output) {
		assertThatException().isThrownBy(() -> run("--mcp.persist.encryption.keys[0].2026-11=" + NEW));
		assertThatException().isThrownBy(
				() -> run("--mcp.persist.encryption.keys[0]=a:" + NEW, "--mcp.persist.encryption.keys[2]=b:" + OLD));

		assertThat(output)
			.contains("mcp.persist.encryption.keys[0].2026-11 can't be used",
					"mcp.persist.encryption.keys[2] can't be used")
			.doesNotContain(NEW.substring(0, 8), OLD.substring(0, 8));
	}

	@Test
	void printsNoKeyOfAnEnvironmentWithAGap(CapturedOutput output) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.addInitializers((context) -> context.getEnvironment()
			.getPropertySources()
			.addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment",
					Map.of("MCP_PERSIST_ENCRYPTION_KEYS_0", "a:" + NEW, "MCP_PERSIST_ENCRYPTION_KEYS_2", "b:" + OLD))));

		assertThatException().isThrownBy(application::run);

		assertThat(output).contains("mcp.persist.encryption.keys[2] can't be used")
			.doesNotContain(NEW.substring(0, 8), OLD.substring(0, 8));
	}

	@ParameterizedTest
	@CsvSource({ "mcp.persist.encryption.keys=, mcp.persist.encryption.keys",
			"mcp.persist.encryption.keys=${MISSING:}, mcp.persist.encryption.keys",
			"mcp.persist.encryption.keys.2026-11=KEY, mcp.persist.encryption.keys.2026-11",
			"mcp.persist.encryption.key=a:KEY, mcp.persist.encryption.key",
			"mcp.persist.encryption.accept-plain=false, mcp.persist.encryption.accept-plain",
			"mcp.persist.encryption.enabled=true, mcp.persist.encryption.enabled" })
	void doesNotStartWithoutAKeyIfItIsToEncrypt(String property, String named, CapturedOutput output) {
		assertThatException().isThrownBy(() -> run("--" + property.replace("KEY", NEW)));

		assertThat(output)
			.contains("APPLICATION FAILED TO START", named + " can't be used", "Nothing would be encrypted")
			.doesNotContain(NEW.substring(0, 8));
	}

	@ParameterizedTest
	@ValueSource(strings = { "MCP_PERSIST_ENCRYPTION_KEYS", "MCP_PERSIST_ENCRYPTION_KEYS_PROD",
			"MCP_PERSIST_ENCRYPTION_ACCEPTPLAIN", "MCP_PERSIST_ENCRYPTION_ACCEPT_PLAIN" })
	void doesNotStartWithoutAKeyInItsEnvironment(String variable) {
		this.runner
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment",
						Map.of(variable, variable.contains("ACCEPT") ? "false" : ""))))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidEncryptionException.class));
	}

	@Test
	void doesNotStartToStoreWhatNobodyReads(CapturedOutput output) {
		assertThatException().isThrownBy(() -> run("--mcp.persist.encryption.keys=a:" + NEW,
				"--mcp.persist.encryption.enabled=false", "--mcp.persist.encryption.accept-plain=false"));

		assertThat(output)
			.contains("APPLICATION FAILED TO START",
					"mcp.persist.encryption.accept-plain can't be used: It is false, and enabled is false, too",
					"Before encryption is switched off")
			.doesNotContain(NEW.substring(0, 8));
	}

	@Test
	void startsWithoutAKeyIfItIsNotToEncrypt() {
		this.runner
			.withPropertyValues("mcp.persist.encryption.enabled=false", "mcp.persist.encryption.accept-plain=true")
			.run((context) -> assertThat(context).getBean(ConfiguredPayloadCodec.class)
				.extracting(ConfiguredPayloadCodec::encryption)
				.isNull());
	}

	@Test
	void leavesOtherPropertiesToSpringBoot(CapturedOutput output) {
		assertThatException().isThrownBy(() -> run("--mcp.persist.encryption.accept-plain=perhaps"));

		assertThat(output).contains("mcp.persist.encryption.accept-plain", "perhaps");
	}

	@Test
	void showsNoKey() throws Exception {
		String[] sources = { "mcp.persist.encryption.keys[0]=a:" + OLD, "mcp.persist.encryption.keys[1]=b:" + NEW,
				"management.endpoint.env.show-values=always", "management.endpoint.configprops.show-values=always",
				"management.endpoints.web.exposure.include=*", "mcp.persist.key-prefix=shown" };
		this.runner
			.withConfiguration(AutoConfigurations.of(EncryptionKeysAutoConfiguration.class,
					EnvironmentEndpointAutoConfiguration.class,
					ConfigurationPropertiesReportEndpointAutoConfiguration.class))
			.withPropertyValues(sources)
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addLast(new SystemEnvironmentPropertySource("test-systemEnvironment",
						Map.of("MCP_PERSIST_ENCRYPTION_KEYS", "b:" + NEW, "MCP_PERSIST_ENCRYPTION_KEYS_0", OLD))))
			.run((context) -> {
				JsonMapper json = new JsonMapper();
				String env = json.writeValueAsString(context.getBean(EnvironmentEndpoint.class).environment(null));
				String properties = json.writeValueAsString(
						context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties());

				assertThat(env).contains("shown", "MCP_PERSIST_ENCRYPTION_KEYS_0").doesNotContain(OLD, NEW);
				assertThat(properties).contains("shown", "acceptPlain").doesNotContain(OLD, NEW);
				assertThat(context.getBean(McpPersistProperties.class).toString()).contains("shown", "keys=2")
					.doesNotContain(OLD, NEW);
			});
	}

	@Test
	void showsNoKeyUnderAnotherName() throws Exception {
		String json = "{\"mcp\":{\"other\":\"b:" + NEW.replace("/", "\\/").replace("=", "\\u003d") + "\"}}";
		this.runner
			.withConfiguration(AutoConfigurations.of(EncryptionKeysAutoConfiguration.class,
					EnvironmentEndpointAutoConfiguration.class,
					ConfigurationPropertiesReportEndpointAutoConfiguration.class))
			.withSystemProperties("test.java.command=shown-not --mcp.persist.encryption.keys=a:" + OLD)
			.withPropertyValues("mcp.persist.encryption.keys=${MCP_KEYS}", "management.endpoint.env.show-values=always",
					"management.endpoint.configprops.show-values=always", "management.endpoints.web.exposure.include=*",
					"mcp.persist.key-prefix=shown")
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addLast(new SystemEnvironmentPropertySource("test-systemEnvironment",
						Map.of("MCP_KEYS", "a:" + OLD + ",b:" + NEW, "SPRING_APPLICATION_JSON", json, "OTHER", "ok"))))
			.run((context) -> {
				JsonMapper mapper = new JsonMapper();
				EnvironmentEndpoint endpoint = context.getBean(EnvironmentEndpoint.class);
				String env = mapper.writeValueAsString(endpoint.environment(null))
						+ mapper.writeValueAsString(endpoint.environmentEntry("MCP_KEYS"));
				String properties = mapper.writeValueAsString(
						context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties());

				assertThat(env).contains("shown", "MCP_KEYS", "SPRING_APPLICATION_JSON", "test.java.command", "\"ok\"")
					.doesNotContain("shown-not", OLD.substring(0, 20), NEW.substring(0, 20));
				assertThat(properties).contains("shown").doesNotContain(OLD.substring(0, 20), NEW.substring(0, 20));
			});
	}

	private static ConfigurableApplicationContext run(String... arguments) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		return application.run(arguments);
	}

	@Configuration(proxyBeanMethods = false)
	@Import(PayloadCodecAutoConfiguration.class)
	static class Application {

	}

}
