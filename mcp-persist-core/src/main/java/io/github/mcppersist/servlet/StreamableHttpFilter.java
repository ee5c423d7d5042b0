package io.github.mcppersist.servlet;

import java.io.IOException;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletResponse;

/**
 * Keeps the filters behind it from sending a response that a
 * {@link StreamableHttpServlet} is going to answer: one that copies a buffer to the
 * response after the chain, or flushes or closes it, does so before there is an answer.
 * Register it in front of all filters that touch the response, with
 * {@code asyncSupported}. It does nothing to a response that another servlet answers.
 */
public final class StreamableHttpFilter implements Filter {

	/**
	 * Create a filter.
	 */
	public StreamableHttpFilter() {
	}

	@Override
	public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
			throws IOException, ServletException {
		chain.doFilter(request, new GuardedResponse((HttpServletResponse) response));
	}

}
