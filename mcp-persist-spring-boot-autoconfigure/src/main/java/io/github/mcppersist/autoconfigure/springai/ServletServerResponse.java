package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;

import jakarta.servlet.Servlet;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.util.CollectionUtils;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * The response of a servlet, in asynchronous mode, to a request that the
 * {@code DispatcherServlet} has routed. What becomes of it only the servlet knows.
 */
final class ServletServerResponse implements ServerResponse {

	private final Servlet servlet;

	ServletServerResponse(Servlet servlet) {
		this.servlet = servlet;
	}

	@Override
	public HttpStatusCode statusCode() {
		return HttpStatus.OK;
	}

	@Override
	public HttpHeaders headers() {
		return new HttpHeaders();
	}

	@Override
	public MultiValueMap<String, Cookie> cookies() {
		return CollectionUtils.unmodifiableMultiValueMap(new LinkedMultiValueMap<>());
	}

	@Override
	public @Nullable ModelAndView writeTo(HttpServletRequest request, HttpServletResponse response, Context context)
			throws ServletException, IOException {
		boolean originAllowed = response.containsHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN);
		this.servlet.service(originAllowed ? new AllowedOriginRequest(request) : request, response);
		return null;
	}

	/**
	 * A request whose origin the application's CORS configuration has allowed, so that
	 * there is nothing left to check.
	 */
	private static final class AllowedOriginRequest extends HttpServletRequestWrapper {

		AllowedOriginRequest(HttpServletRequest request) {
			super(request);
		}

		@Override
		public @Nullable String getHeader(String name) {
			return HttpHeaders.ORIGIN.equalsIgnoreCase(name) ? null : super.getHeader(name);
		}

	}

}
