package io.github.mcppersist.samples.springai;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * That {@code compose.yaml} fits what it starts; the script {@code cluster}, which uses
 * the same configuration of the balancer, is run by the build itself.
 */
class ComposeTests {

	private static final Pattern VARIABLE = Pattern.compile("\"\\$\\{(\\w+)}\"");

	private final Map<String, Map<String, Object>> services = services();

	@Test
	void startsThreeServersFromTheJarThatIsBuilt() throws IOException {
		Map<String, Object> server = this.services.get("server");

		assertThat(server).containsEntry("build", ".").containsEntry("deploy", Map.of("replicas", 3));
		assertThat(server).containsEntry("environment", Map.of("SPRING_DATA_REDIS_HOST", "redis"));
		assertThat(Files.readString(Path.of("Dockerfile"))).contains("COPY target/spring-ai-server.jar");
		assertThat(Files.readString(Path.of("pom.xml"))).contains("<finalName>spring-ai-server</finalName>");
	}

	@Test
	void givesTheBalancerItsConfiguration() throws IOException {
		Map<String, Object> balancer = this.services.get("balancer");
		String configuration = Files.readString(Path.of("haproxy.cfg"));
		// What is in there for the script, which has no name for its servers
		String without = configuration.replaceAll("(?s)\\.else.*\\.endif", "");

		assertThat(VARIABLE.matcher(without).results().map((MatchResult match) -> match.group(1)))
			.containsExactlyInAnyOrder("PORT", "SERVERS");
		assertThat(balancer).containsEntry("environment", Map.of("PORT", "8080", "SERVERS", "server:8080"))
			.containsEntry("ports", List.of("8080:8080"))
			.containsEntry("volumes", List.of("./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"));
	}

	@Test
	void evictsNothing() {
		assertThat(this.services.get("redis").get("command")).asString().contains("--maxmemory-policy noeviction");
	}

	private static Map<String, Map<String, Object>> services() {
		try (Reader reader = Files.newBufferedReader(Path.of("compose.yaml"))) {
			Map<String, Map<String, Map<String, Object>>> compose = new Yaml().load(reader);
			return compose.get("services");
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
