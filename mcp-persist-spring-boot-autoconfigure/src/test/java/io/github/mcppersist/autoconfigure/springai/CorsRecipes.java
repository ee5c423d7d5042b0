package io.github.mcppersist.autoconfigure.springai;

import java.util.List;

import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.cors.reactive.CorsWebFilter;
import org.springframework.web.filter.CorsFilter;
import org.springframework.web.servlet.config.annotation.CorsRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * What lets the pages of {@code https://app.example} call {@code /mcp}, as the documents
 * show it.
 */
final class CorsRecipes {

	private CorsRecipes() {
	}

	@Configuration(proxyBeanMethods = false)
	static class ServletFilter {

		@Bean
		FilterRegistrationBean<CorsFilter> mcpCorsFilter() {
			CorsConfiguration cors = new CorsConfiguration();
			cors.setAllowedOrigins(List.of("https://app.example"));
			cors.setAllowedMethods(List.of("GET", "POST", "DELETE"));
			cors.setAllowedHeaders(List.of("Authorization", "Content-Type", "Last-Event-ID", "MCP-Protocol-Version",
					"Mcp-Method", "Mcp-Name", "Mcp-Session-Id"));
			cors.setExposedHeaders(List.of("Mcp-Session-Id", "WWW-Authenticate"));
			UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();
			source.registerCorsConfiguration("/mcp", cors);
			FilterRegistrationBean<CorsFilter> filter = new FilterRegistrationBean<>(new CorsFilter(source));
			filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
			return filter;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ReactiveFilter {

		@Bean
		@Order(Ordered.HIGHEST_PRECEDENCE)
		CorsWebFilter mcpCorsFilter() {
			CorsConfiguration cors = new CorsConfiguration();
			cors.setAllowedOrigins(List.of("https://app.example"));
			cors.setAllowedMethods(List.of("GET", "POST", "DELETE"));
			cors.setAllowedHeaders(List.of("Authorization", "Content-Type", "Last-Event-ID", "MCP-Protocol-Version",
					"Mcp-Method", "Mcp-Name", "Mcp-Session-Id"));
			cors.setExposedHeaders(List.of("Mcp-Session-Id", "WWW-Authenticate"));
			var source = new org.springframework.web.cors.reactive.UrlBasedCorsConfigurationSource();
			source.registerCorsConfiguration("/mcp", cors);
			return new CorsWebFilter(source);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SpringMvc implements WebMvcConfigurer {

		@Override
		public void addCorsMappings(CorsRegistry registry) {
			registry.addMapping("/mcp")
				.allowedOrigins("https://app.example")
				.allowedMethods("GET", "POST", "DELETE")
				.allowedHeaders("Authorization", "Content-Type", "Last-Event-ID", "MCP-Protocol-Version", "Mcp-Method",
						"Mcp-Name", "Mcp-Session-Id")
				.exposedHeaders("Mcp-Session-Id", "WWW-Authenticate");
		}

	}

}
