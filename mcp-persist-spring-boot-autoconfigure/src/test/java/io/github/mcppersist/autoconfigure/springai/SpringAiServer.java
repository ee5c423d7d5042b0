package io.github.mcppersist.autoconfigure.springai;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.userdetails.MapReactiveUserDetailsService;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;

import io.github.mcppersist.test.transport.RawMcpClient;

/**
 * A whole application of somebody else's: Spring AI's WebMVC starter on Tomcat or its
 * WebFlux starter on Netty, with Spring Security's HTTP basic, and mcp-persist on the
 * class path.
 */
public final class SpringAiServer implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private SpringAiServer(ConfigurableApplicationContext context) {
		this.context = context;
	}

	public static SpringAiServer start(WebApplicationType type, List<Class<?>> configurations, String... properties) {
		boolean reactive = type == WebApplicationType.REACTIVE;
		SpringAiTransports transports = reactive ? SpringAiTransports.WEBFLUX : SpringAiTransports.WEBMVC;
		List<String> all = new ArrayList<>(List.of("server.port=0", "server.address=127.0.0.1",
				"spring.ai.mcp.server.protocol=STREAMABLE", "mcp.persist.store=memory",
				"spring.reactor.netty.shutdown-quiet-period=0s", transports.alone()));
		all.addAll(List.of(properties));
		List<Class<?>> sources = new ArrayList<>(configurations);
		sources.add(reactive ? ReactiveApplication.class : ServletApplication.class);
		return new SpringAiServer(new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).web(type)
			.bannerMode(Banner.Mode.OFF)
			.logStartupInfo(false)
			.properties(all.toArray(String[]::new))
			.run());
	}

	public <T> T bean(Class<T> type) {
		return this.context.getBean(type);
	}

	WebServer webServer() {
		return Objects.requireNonNull(((WebServerApplicationContext) this.context).getWebServer());
	}

	int port() {
		return webServer().getPort();
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

	private static UserDetails user(String name) {
		return User.withUsername(name).password("{noop}password").authorities("tester").build();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	public static class ServletApplication {

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
			return new InMemoryUserDetailsManager(user("ann"), user("bob"));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	public static class ReactiveApplication {

		@Bean
		SecurityWebFilterChain securityFilterChain(ServerHttpSecurity http) {
			return http.authorizeExchange((requests) -> requests.anyExchange().authenticated()).httpBasic((basic) -> {
			}).csrf(ServerHttpSecurity.CsrfSpec::disable).build();
		}

		@Bean
		MapReactiveUserDetailsService users() {
			return new MapReactiveUserDetailsService(user("ann"), user("bob"));
		}

	}

}
