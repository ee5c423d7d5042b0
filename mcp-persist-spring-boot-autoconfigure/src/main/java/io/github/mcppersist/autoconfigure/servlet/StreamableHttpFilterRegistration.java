package io.github.mcppersist.autoconfigure.servlet;

import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.Ordered;

import io.github.mcppersist.servlet.StreamableHttpFilter;

/**
 * Registers a {@link StreamableHttpFilter} in front of the application's filters.
 */
public final class StreamableHttpFilterRegistration extends FilterRegistrationBean<StreamableHttpFilter> {

	/**
	 * Create a registration.
	 * @param urlPatterns what the endpoints are served at, as the container writes it
	 */
	public StreamableHttpFilterRegistration(String... urlPatterns) {
		super(new StreamableHttpFilter());
		addUrlPatterns(urlPatterns);
		setOrder(Ordered.HIGHEST_PRECEDENCE);
		setAsyncSupported(true);
	}

}
