package io.github.mcppersist.servlet;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Principal;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import io.github.mcppersist.transport.EndpointRequest;
import io.github.mcppersist.transport.RequestTooLargeException;

/**
 * A servlet request. Read on the container's thread only, and not after it has returned.
 */
final class ServletEndpointRequest implements EndpointRequest {

	private final HttpServletRequest request;

	private final McpTransportContextExtractor<HttpServletRequest> contextExtractor;

	private boolean cut;

	ServletEndpointRequest(HttpServletRequest request,
			McpTransportContextExtractor<HttpServletRequest> contextExtractor) {
		this.request = request;
		this.contextExtractor = contextExtractor;
	}

	@Override
	public String method() {
		return this.request.getMethod();
	}

	@Override
	public @Nullable String header(String name) {
		String value = this.request.getHeader(name);
		if (value == null) {
			return name.equalsIgnoreCase("Host") ? authority() : null;
		}
		// Filters that change a header often change this method of a request alone
		Enumeration<String> all = this.request.getHeaders(name);
		List<String> lines = (all != null) ? Collections.list(all) : List.of();
		return (lines.size() > 1) ? String.join(", ", lines) : value;
	}

	@Override
	public Collection<String> headerNames() {
		return Collections.list(this.request.getHeaderNames());
	}

	// A request over HTTP/2 names its host in :authority, which Tomcat shows only here.
	// One over HTTP/1 without the header names none: what the container makes up then is
	// this machine's own name.
	private @Nullable String authority() {
		if (!this.request.getProtocol().startsWith("HTTP/2")) {
			return null;
		}
		int port = this.request.getServerPort();
		boolean defaultPort = port == (this.request.isSecure() ? 443 : 80);
		return defaultPort ? this.request.getServerName() : this.request.getServerName() + ":" + port;
	}

	@Override
	public @Nullable Principal principal() {
		return this.request.getUserPrincipal();
	}

	@Override
	public boolean isLocalAddressLoopback() {
		try {
			return InetAddress.getByName(this.request.getLocalAddr()).isLoopbackAddress();
		}
		catch (UnknownHostException ex) {
			// Not an address, so not one of this machine's own
			return false;
		}
	}

	@Override
	public Mono<byte[]> body(int maxBytes) {
		return Mono.fromCallable(() -> {
			if (this.request.getContentLengthLong() > maxBytes) {
				throw new RequestTooLargeException(maxBytes);
			}
			try {
				InputStream input = this.request.getInputStream();
				byte[] body = input.readNBytes(maxBytes);
				if (body.length == maxBytes && input.read() >= 0) {
					throw new RequestTooLargeException(maxBytes);
				}
				return body;
			}
			catch (IOException ex) {
				this.cut = true;
				throw ex;
			}
		});
	}

	/**
	 * Say whether the client went, or stopped sending, in the middle of the body.
	 * @return whether the body could not be read to its end
	 */
	boolean isCut() {
		return this.cut;
	}

	@Override
	public McpTransportContext transportContext() {
		return this.contextExtractor.extract(this.request);
	}

	@Override
	public ContextView reactorContext() {
		return Context.empty();
	}

}
