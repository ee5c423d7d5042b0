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

	/**
	 * The attributes, once they are not the other request's any more.
	 */
	private volatile @Nullable Map<String, Object> own;

	OwnAttributes(HttpServletRequest request) {
		super(request);
	}

	private synchronized Map<String, Object> own() {
		Map<String, Object> attributes = this.own;
		if (attributes == null) {
			Map<String, Object> copied = new ConcurrentHashMap<>();
			Collections.list(super.getAttributeNames()).forEach((name) -> copied.put(name, super.getAttribute(name)));
			attributes = copied;
			this.own = attributes;
		}
		return attributes;
	}

	@Override
	public @Nullable Object getAttribute(String name) {
		Map<String, Object> attributes = this.own;
		return (attributes != null) ? attributes.get(name) : super.getAttribute(name);
	}

	@Override
	public Enumeration<String> getAttributeNames() {
		Map<String, Object> attributes = this.own;
		return (attributes != null) ? Collections.enumeration(new ArrayList<>(attributes.keySet()))
				: super.getAttributeNames();
	}

	@Override
	public void setAttribute(String name, @Nullable Object value) {
		if (value == null) {
			own().remove(name);
		}
		else {
			own().put(name, value);
		}
	}

	@Override
	public void removeAttribute(String name) {
		own().remove(name);
	}

}
