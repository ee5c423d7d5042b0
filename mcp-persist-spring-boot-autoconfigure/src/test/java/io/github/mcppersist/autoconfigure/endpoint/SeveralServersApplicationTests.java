package io.github.mcppersist.autoconfigure.endpoint;

import java.util.List;
import java.util.Locale;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.security.autoconfigure.actuate.web.reactive.ReactiveManagementWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.ManagementWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.reactive.ReactiveWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.servlet.SecurityFilterAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.servlet.ServletWebSecurityAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two instances of an application that has two MCP servers, on one Redis.
 */
@NeedsRedis
class SeveralServersApplicationTests {

	private static RedisServer redis;

	@BeforeAll
	static void startRedis() {
		redis = RedisServer.start();
	}

	@AfterAll
	static void stopRedis() {
		redis.close();
	}

	private static ConfigurableApplicationContext start(WebApplicationType type) {
		boolean reactive = type == WebApplicationType.REACTIVE;
		return new SpringApplicationBuilder(Application.class, SeveralServersApplication.Servers.class,
				reactive ? SeveralServersApplication.Routes.class : SeveralServersApplication.Servlets.class)
			.web(type)
			.bannerMode(Banner.Mode.OFF)
			.logStartupInfo(false)
			.properties("server.port=0", "server.address=127.0.0.1", "spring.ai.mcp.server.enabled=false",
					"spring.data.redis.port=" + redis.port(), "spring.reactor.netty.shutdown-quiet-period=0s",
					"mcp.persist.timeout=15s", "mcp.persist.key-prefix=" + type.name().toLowerCase(Locale.ROOT))
			.run();
	}

	private static RawMcpClient client(ConfigurableApplicationContext node, String server) {
		int port = ((WebServerApplicationContext) node).getWebServer().getPort();
		return new RawMcpClient(port, "/" + server + "/mcp");
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void aSessionIsThatOfItsServerOnEachInstance(WebApplicationType type) throws Exception {
		try (ConfigurableApplicationContext first = start(type); ConfigurableApplicationContext second = start(type)) {
			for (String server : List.of("weather", "billing")) {
				String other = server.equals("weather") ? "billing" : "weather";
				String sessionId = client(first, server).initialize().sessionId();
				for (ConfigurableApplicationContext node : List.of(second, first)) {
					try (Exchange own = client(node, server).sessionId(sessionId).call(1, server, "{}");
							Exchange stray = client(node, other).sessionId(sessionId).call(1, other, "{}");
							Exchange delete = client(node, other).sessionId(sessionId).delete()) {
						assertThat(own.rest()).last().asString().contains("this is " + server);
						assertThat(stray.status()).isEqualTo(404);
						assertThat(delete.status()).isEqualTo(404);
					}
				}
			}
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration(exclude = { ServletWebSecurityAutoConfiguration.class,
			SecurityFilterAutoConfiguration.class, ManagementWebSecurityAutoConfiguration.class,
			ReactiveWebSecurityAutoConfiguration.class, ReactiveManagementWebSecurityAutoConfiguration.class })
	static class Application {

	}

}
