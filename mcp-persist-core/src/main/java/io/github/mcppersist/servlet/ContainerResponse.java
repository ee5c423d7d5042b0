package io.github.mcppersist.servlet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.modelcontextprotocol.spec.HttpHeaders;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

/**
 * The response as the container made it, without what filters have put around it. A
 * wrapper that buffers, tees, counts, hashes or compresses gives away what it got when
 * its filter is left, and an answer comes later than that.
 * <p>
 * What filters did to the response itself stays: the headers that they set are sent, but
 * for those that describe a body of theirs.
 */
final class ContainerResponse {

	private static final String CONTENT_LENGTH = "Content-Length";

	private static final List<String> BODY_HEADERS = List.of("Content-Encoding", "Content-Range", "Content-MD5",
			"Content-Digest", "Repr-Digest", "Digest", "ETag", "Last-Modified", "Transfer-Encoding");

	private final ServletContext context;

	private final HttpServletResponse response;

	private final List<Class<?>> wrappers = new ArrayList<>();

	private final @Nullable GuardedResponse guard;

	private final int initialStatus;

	private ContainerResponse(ServletContext context, HttpServletResponse response, List<ServletResponse> wrappers) {
		this.context = context;
		this.response = response;
		GuardedResponse guard = null;
		for (ServletResponse wrapper : wrappers) {
			if (wrapper instanceof GuardedResponse guarded) {
				guard = guarded;
			}
			else {
				this.wrappers.add(wrapper.getClass());
			}
		}
		this.guard = guard;
		this.initialStatus = response.getStatus();
	}

	/**
	 * Find the container's response.
	 * @param async the asynchronous mode of its request
	 * @param filtered the response as it came through the filters
	 * @return the container's response
	 */
	static ContainerResponse of(AsyncContext async, ServletResponse filtered) {
		List<ServletResponse> chain = unwrap(filtered);
		// Asynchronous mode begins with the container's response, unless the wrapper of a
		// request has another one in mind
		List<ServletResponse> asyncChain = unwrap(async.getResponse());
		ServletResponse response = asyncChain.get(asyncChain.size() - 1);
		// The innermost is the container's, or a wrapper although not by its type
		chain.removeIf((wrapper) -> wrapper == response);
		return new ContainerResponse(async.getRequest().getServletContext(), (HttpServletResponse) response, chain);
	}

	private static List<ServletResponse> unwrap(ServletResponse response) {
		List<ServletResponse> chain = new ArrayList<>();
		chain.add(response);
		ServletResponse inner = response;
		while (inner instanceof ServletResponseWrapper wrapper) {
			inner = wrapper.getResponse();
			chain.add(inner);
		}
		return chain;
	}

	/**
	 * Return the wrappers that filters have put around it.
	 * @return their types, the outermost first
	 */
	List<Class<?>> wrappers() {
		return this.wrappers;
	}

	/**
	 * Take the response over from the filters. To be called on the request's thread. If
	 * one of them sends it all the same, that isn't cached either.
	 * @param listener is told when it can be written to
	 * @throws IOException if it can't be
	 */
	void take(WriteListener listener) throws IOException {
		try {
			this.response.getOutputStream();
		}
		catch (IllegalStateException ex) {
			forgetWriter();
		}
		this.response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
		this.response.getOutputStream().setWriteListener(listener);
		if (this.guard != null) {
			this.guard.take();
		}
	}

	/**
	 * A filter has the response's writer, which only a reset makes it forget.
	 */
	private void forgetWriter() {
		Map<String, List<String>> headers = new LinkedHashMap<>();
		for (String name : this.response.getHeaderNames()) {
			headers.put(name, List.copyOf(this.response.getHeaders(name)));
		}
		this.response.reset();
		headers.forEach((name, values) -> values.forEach((value) -> this.response.addHeader(name, value)));
	}

	ServletOutputStream stream() throws IOException {
		return this.response.getOutputStream();
	}

	/**
	 * Say whether a filter has answered.
	 * @return whether the response was sent, at least its head, or refused
	 */
	boolean isTaken() {
		int status = this.response.getStatus();
		return this.response.isCommitted() || (status >= 400 && status != this.initialStatus);
	}

	/**
	 * Begin an answer.
	 * @param answer the answer, of which the body is left to be written
	 */
	void begin(Answer answer) {
		// What filters have written without sending it
		this.response.resetBuffer();
		for (String name : BODY_HEADERS) {
			if (this.response.containsHeader(name)) {
				this.response.setHeader(name, null);
			}
		}
		this.response.setStatus(answer.status());
		answer.headers().forEach(this.response::setHeader);
		byte[] body = answer.body();
		if (body != null || !answer.headers().containsKey(CONTENT_LENGTH)) {
			this.response.setContentLengthLong((body != null) ? body.length : -1);
		}
	}

	/**
	 * Answer without a body, unless somebody has answered.
	 * @param status the status
	 */
	void end(int status) {
		if (!this.response.isCommitted()) {
			begin(new Answer(status, Map.of(HttpHeaders.CACHE_CONTROL, "no-store"), new byte[0]));
		}
	}

	/**
	 * Describe what filters have done, for whoever has to find the one that did it.
	 * @return the status, the wrappers and the filters
	 */
	String describe() {
		return "status " + this.response.getStatus() + ", wrapped in "
				+ this.wrappers.stream().map(Class::getName).toList() + ", filters " + filters(this.context);
	}

	/**
	 * Return the filters of an application.
	 * @param context the application
	 * @return their classes, or names where the container doesn't say
	 */
	static List<String> filters(ServletContext context) {
		return context.getFilterRegistrations()
			.values()
			.stream()
			.map((filter) -> Objects.requireNonNullElse(filter.getClassName(), filter.getName()))
			.sorted()
			.toList();
	}

}
