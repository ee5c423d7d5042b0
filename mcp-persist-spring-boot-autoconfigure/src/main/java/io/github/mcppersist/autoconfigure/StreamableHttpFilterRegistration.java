package io.github.mcppersist.autoconfigure;

import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.Ordered;

import io.github.mcppersist.servlet.StreamableHttpFilter;

/**
 * Registers a {@link StreamableHttpFilter} in front of the application's filters.
 */
final class StreamableHttpFilterRegistration extends FilterRegistrationBean<StreamableHttpFilter> {

	StreamableHttpFilterRegistration(String... urlPatterns) {
		super(new StreamableHttpFilter());
		addUrlPatterns(urlPatterns);
		setOrder(Ordered.HIGHEST_PRECEDENCE);
		setAsyncSupported(true);
	}

}
