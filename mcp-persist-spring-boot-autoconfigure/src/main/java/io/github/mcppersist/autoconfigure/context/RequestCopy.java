package io.github.mcppersist.autoconfigure.context;

import java.security.Principal;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import org.jspecify.annotations.Nullable;

/**
 * What a request said, to be read when it is over, by several threads if need be. The
 * body has been read, and what else only the container's request can do fails once that
 * is over.
 */
final class RequestCopy extends HttpServletRequestWrapper {

	private final String method;

	private final String uri;

	private final String url;

	private final String contextPath;

	private final String servletPath;

	private final @Nullable String pathInfo;

	private final @Nullable String queryString;

	private final String protocol;

	private final String scheme;

	private final String serverName;

	private final int serverPort;

	private final boolean secure;

	private final @Nullable String remoteAddress;

	private final int remotePort;

	private final @Nullable String localAddress;

	private final int localPort;

	private final @Nullable String characterEncoding;

	private final @Nullable String contentType;

	private final long contentLength;

	private final @Nullable String authType;

	private final @Nullable String remoteUser;

	private final @Nullable Principal principal;

	private final @Nullable String requestedSessionId;

	private final @Nullable HttpSession session;

	private final DispatcherType dispatcherType;

	private final ServletContext servletContext;

	private final Cookie @Nullable [] cookies;

	private final List<Locale> locales;

	private final List<Header> headers = new ArrayList<>();

	private final Map<String, String[]> parameters;

	private final Map<String, Object> attributes = new HashMap<>();

	RequestCopy(HttpServletRequest request) {
		super(request);
		this.method = request.getMethod();
		this.uri = request.getRequestURI();
		this.url = request.getRequestURL().toString();
		this.contextPath = request.getContextPath();
		this.servletPath = request.getServletPath();
		this.pathInfo = request.getPathInfo();
		this.queryString = request.getQueryString();
		this.protocol = request.getProtocol();
		this.scheme = request.getScheme();
		this.serverName = request.getServerName();
		this.serverPort = request.getServerPort();
		this.secure = request.isSecure();
		this.remoteAddress = request.getRemoteAddr();
		this.remotePort = request.getRemotePort();
		this.localAddress = request.getLocalAddr();
		this.localPort = request.getLocalPort();
		this.characterEncoding = request.getCharacterEncoding();
		this.contentType = request.getContentType();
		this.contentLength = request.getContentLengthLong();
		this.authType = request.getAuthType();
		this.remoteUser = request.getRemoteUser();
		this.principal = request.getUserPrincipal();
		this.requestedSessionId = request.getRequestedSessionId();
		this.session = request.getSession(false);
		this.dispatcherType = request.getDispatcherType();
		this.servletContext = request.getServletContext();
		this.cookies = request.getCookies();
		this.locales = Collections.list(request.getLocales());
		Collections.list(request.getHeaderNames())
			.forEach((name) -> this.headers.add(new Header(name, Collections.list(request.getHeaders(name)))));
		this.parameters = Map.copyOf(request.getParameterMap());
		Collections.list(request.getAttributeNames())
			.forEach((name) -> this.attributes.put(name, request.getAttribute(name)));
	}

	@Override
	public String getMethod() {
		return this.method;
	}

	@Override
	public String getRequestURI() {
		return this.uri;
	}

	@Override
	public StringBuffer getRequestURL() {
		return new StringBuffer(this.url);
	}

	@Override
	public String getContextPath() {
		return this.contextPath;
	}

	@Override
	public String getServletPath() {
		return this.servletPath;
	}

	@Override
	public @Nullable String getPathInfo() {
		return this.pathInfo;
	}

	@Override
	public @Nullable String getQueryString() {
		return this.queryString;
	}

	@Override
	public String getProtocol() {
		return this.protocol;
	}

	@Override
	public String getScheme() {
		return this.scheme;
	}

	@Override
	public String getServerName() {
		return this.serverName;
	}

	@Override
	public int getServerPort() {
		return this.serverPort;
	}

	@Override
	public boolean isSecure() {
		return this.secure;
	}

	@Override
	public @Nullable String getRemoteAddr() {
		return this.remoteAddress;
	}

	// Never the name: to find it may take a look-up
	@Override
	public @Nullable String getRemoteHost() {
		return this.remoteAddress;
	}

	@Override
	public int getRemotePort() {
		return this.remotePort;
	}

	@Override
	public @Nullable String getLocalAddr() {
		return this.localAddress;
	}

	@Override
	public @Nullable String getLocalName() {
		return this.localAddress;
	}

	@Override
	public int getLocalPort() {
		return this.localPort;
	}

	@Override
	public @Nullable String getCharacterEncoding() {
		return this.characterEncoding;
	}

	@Override
	public @Nullable String getContentType() {
		return this.contentType;
	}

	@Override
	public int getContentLength() {
		return (this.contentLength <= Integer.MAX_VALUE) ? (int) this.contentLength : -1;
	}

	@Override
	public long getContentLengthLong() {
		return this.contentLength;
	}

	@Override
	public @Nullable String getAuthType() {
		return this.authType;
	}

	@Override
	public @Nullable String getRemoteUser() {
		return this.remoteUser;
	}

	@Override
	public @Nullable Principal getUserPrincipal() {
		return this.principal;
	}

	@Override
	public @Nullable String getRequestedSessionId() {
		return this.requestedSessionId;
	}

	@Override
	public @Nullable HttpSession getSession() {
		return getSession(true);
	}

	@Override
	public @Nullable HttpSession getSession(boolean create) {
		return (this.session != null || !create) ? this.session : super.getSession(true);
	}

	@Override
	public DispatcherType getDispatcherType() {
		return this.dispatcherType;
	}

	@Override
	public ServletContext getServletContext() {
		return this.servletContext;
	}

	@Override
	public Cookie @Nullable [] getCookies() {
		return this.cookies;
	}

	@Override
	public Locale getLocale() {
		return this.locales.get(0);
	}

	@Override
	public Enumeration<Locale> getLocales() {
		return Collections.enumeration(this.locales);
	}

	@Override
	public @Nullable String getHeader(String name) {
		List<String> values = headers(name);
		return values.isEmpty() ? null : values.get(0);
	}

	@Override
	public Enumeration<String> getHeaders(String name) {
		return Collections.enumeration(headers(name));
	}

	private List<String> headers(String name) {
		for (Header header : this.headers) {
			if (header.name().equalsIgnoreCase(name)) {
				return header.values();
			}
		}
		return List.of();
	}

	@Override
	public Enumeration<String> getHeaderNames() {
		return Collections.enumeration(this.headers.stream().map(Header::name).toList());
	}

	@Override
	public int getIntHeader(String name) {
		String value = getHeader(name);
		return (value != null) ? Integer.parseInt(value) : -1;
	}

	@Override
	public long getDateHeader(String name) {
		String value = getHeader(name);
		if (value == null) {
			return -1;
		}
		try {
			return ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant().toEpochMilli();
		}
		catch (DateTimeParseException ex) {
			throw new IllegalArgumentException("The header " + name + " is not a date: " + value, ex);
		}
	}

	@Override
	public @Nullable String getParameter(String name) {
		String[] values = this.parameters.get(name);
		return (values != null) ? values[0] : null;
	}

	@Override
	public Map<String, String[]> getParameterMap() {
		return this.parameters;
	}

	@Override
	public Enumeration<String> getParameterNames() {
		return Collections.enumeration(this.parameters.keySet());
	}

	@Override
	public String @Nullable [] getParameterValues(String name) {
		return this.parameters.get(name);
	}

	@Override
	public @Nullable Object getAttribute(String name) {
		return this.attributes.get(name);
	}

	@Override
	public Enumeration<String> getAttributeNames() {
		return Collections.enumeration(this.attributes.keySet());
	}

	@Override
	public void setAttribute(String name, @Nullable Object value) {
		throw new UnsupportedOperationException("A copy doesn't change");
	}

	@Override
	public void removeAttribute(String name) {
		throw new UnsupportedOperationException("A copy doesn't change");
	}

	/**
	 * A header. A handful of them is looked through faster than put into a map, and most
	 * handlers ask for none.
	 *
	 * @param name as it was sent
	 * @param values one for each line
	 */
	private record Header(String name, List<String> values) {
	}

}
