package io.github.mcppersist.autoconfigure.context;

import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestAttributesThreadLocalAccessor;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/**
 * Captures request attributes over a copy of the request. Spring's own accessor captures
 * those over the container's request, which throws when it is over, and whose
 * request-scoped beans can't be made even before.
 */
final class RequestAttributesAccessor implements ThreadLocalAccessor<RequestAttributes> {

	@Override
	public Object key() {
		return RequestAttributesThreadLocalAccessor.KEY;
	}

	@Override
	public @Nullable RequestAttributes getValue() {
		RequestAttributes attributes = RequestContextHolder.getRequestAttributes();
		return (attributes instanceof ServletRequestAttributes servlet && !(attributes instanceof Copied))
				? new Copied(servlet) : attributes;
	}

	@Override
	public void setValue(RequestAttributes value) {
		RequestContextHolder.setRequestAttributes(value);
	}

	/**
	 * Also ends the request-scoped beans that were made for a handler.
	 */
	@Override
	public void setValue() {
		if (RequestContextHolder.getRequestAttributes() instanceof Copied copied) {
			copied.requestCompleted();
		}
		RequestContextHolder.resetRequestAttributes();
	}

	private static final class Copied extends ServletRequestAttributes {

		Copied(ServletRequestAttributes attributes) {
			super(new RequestCopy(attributes.getRequest()));
		}

	}

}
