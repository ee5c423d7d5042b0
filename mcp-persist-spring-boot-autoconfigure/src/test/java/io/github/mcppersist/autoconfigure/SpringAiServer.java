package io.github.mcppersist.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import org.springframework.boot.Banner;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

import io.github.mcppersist.transport.RawMcpClient;

/**
 * A whole application of somebody else's: Spring AI's WebMVC starter on Tomcat with
 * Spring Security's HTTP basic, and mcp-persist on the class path.
 */
final class SpringAiServer implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private SpringAiServer(ConfigurableApplicationContext context) {
		this.context = context;
	}

	static SpringAiServer start(List<Class<?>> configurations, String... properties) {
		List<String> all = new ArrayList<>(List.of("server.port=0", "server.address=127.0.0.1",
				"spring.ai.mcp.server.protocol=STREAMABLE", "mcp.persist.store=memory"));
		all.addAll(List.of(properties));
		List<Class<?>> sources = new ArrayList<>(configurations);
		sources.add(Application.class);
		return new SpringAiServer(
				new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).bannerMode(Banner.Mode.OFF)
					.logStartupInfo(false)
					.properties(all.toArray(String[]::new))
					.run());
	}

	<T> T bean(Class<T> type) {
		return this.context.getBean(type);
	}

	int port() {
		return ((WebServerApplicationContext) this.context).getWebServer().getPort();
	}

	RawMcpClient client(String user) {
		return client("/mcp", user);
	}

	RawMcpClient client(String path, String user) {
		String credentials = Base64.getEncoder()
			.encodeToString((user + ":password").getBytes(StandardCharsets.US_ASCII));
		return new RawMcpClient(port(), path).header("Authorization", "Basic " + credentials);
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		SecurityFilterChain securityFilterChain(HttpSecurity http) {
			return http.authorizeHttpRequests((requests) -> requests.anyRequest().authenticated())
				.httpBasic((basic) -> {
				})
				.cors((cors) -> {
				})
				.csrf(AbstractHttpConfigurer::disable)
				.build();
		}

		@Bean
		UserDetailsService users() {
			return new InMemoryUserDetailsManager(
					User.withUsername("ann").password("{noop}password").authorities("tester").build(),
					User.withUsername("bob").password("{noop}password").authorities("tester").build());
		}

	}

}
