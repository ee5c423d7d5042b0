package io.github.mcppersist.samples.springai;

import java.util.List;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.CorsConfigurationSource;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;

import io.github.mcppersist.autoconfigure.McpPersistProperties;

/**
 * Who may call the server: with the profile {@code basic} the user that
 * {@code spring.security.user.*} names, by HTTP basic, and otherwise everybody. A load
 * balancer's question about the server's health needs no password.
 */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {

	private static final Profiles BASIC = Profiles.of("basic");

	// One bean that asks for the profile when it is made, and not one for each: ahead of
	// time processing settles at build time which beans there are.
	//
	// None of MCP's clients sends a CSRF token. A request that a browser was made to send
	// names its origin, which the endpoint checks.
	@Bean
	SecurityFilterChain securityFilterChain(HttpSecurity http, Environment environment) {
		http.csrf(AbstractHttpConfigurer::disable).cors(Customizer.withDefaults());
		if (environment.acceptsProfiles(BASIC)) {
			http.httpBasic(Customizer.withDefaults())
				.authorizeHttpRequests((requests) -> requests.requestMatchers("/actuator/health/**")
					.permitAll()
					.anyRequest()
					.authenticated());
		}
		else {
			http.authorizeHttpRequests((requests) -> requests.anyRequest().permitAll());
		}
		return http.build();
	}

	// What pages of the origins that mcp.persist.allowed-origins names may send, and read
	@Bean
	CorsConfigurationSource corsConfigurationSource(ObjectProvider<McpPersistProperties> properties) {
		UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();
		// They aren't there with mcp.persist.enabled=false
		McpPersistProperties persist = properties.getIfAvailable();
		if (persist != null && !persist.allowedOrigins().isEmpty()) {
			CorsConfiguration cors = new CorsConfiguration();
			cors.setAllowedOrigins(List.copyOf(persist.allowedOrigins()));
			cors.setAllowedMethods(List.of("GET", "POST", "DELETE"));
			cors.setAllowedHeaders(List.of("Authorization", "Content-Type", "Last-Event-ID", "MCP-Protocol-Version",
					"Mcp-Method", "Mcp-Name", "Mcp-Session-Id"));
			cors.setExposedHeaders(List.of("Mcp-Session-Id", "WWW-Authenticate"));
			source.registerCorsConfiguration("/mcp", cors);
		}
		return source;
	}

}
