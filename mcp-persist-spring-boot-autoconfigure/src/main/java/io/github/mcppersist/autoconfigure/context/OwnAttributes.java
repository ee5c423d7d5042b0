package io.github.mcppersist.autoconfigure.context;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.jspecify.annotations.Nullable;

/**
 * A request that begins with the attributes of another, and keeps what becomes of them to
 * itself.
 */
final class OwnAttributes extends HttpServletRequestWrapper {

	private final Map<String, Object> attributes = new ConcurrentHashMap<>();

	OwnAttributes(HttpServletRequest request) {
		super(request);
		Collections.list(request.getAttributeNames()).forEach((name) -> setAttribute(name, request.getAttribute(name)));
	}

	@Override
	public @Nullable Object getAttribute(String name) {
		return this.attributes.get(name);
	}

	@Override
	public Enumeration<String> getAttributeNames() {
		return Collections.enumeration(new ArrayList<>(this.attributes.keySet()));
	}

	@Override
	public void setAttribute(String name, @Nullable Object value) {
		if (value == null) {
			this.attributes.remove(name);
		}
		else {
			this.attributes.put(name, value);
		}
	}

	@Override
	public void removeAttribute(String name) {
		this.attributes.remove(name);
	}

}
