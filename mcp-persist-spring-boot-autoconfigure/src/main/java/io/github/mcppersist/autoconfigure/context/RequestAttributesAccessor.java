package io.github.mcppersist.autoconfigure.context;

import io.micrometer.context.ThreadLocalAccessor;
import jakarta.servlet.http.HttpServletRequest;
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
		return (attributes instanceof ServletRequestAttributes servlet && !(attributes instanceof Handler))
				? new Captured(servlet) : attributes;
	}

	/**
	 * Gives each handler attributes of its own: those of a batch begin with the same
	 * ones, and what one of them adds goes when that one ends.
	 */
	@Override
	public void setValue(RequestAttributes value) {
		RequestContextHolder
			.setRequestAttributes((value instanceof Captured captured) ? new Handler(captured.getRequest()) : value);
	}

	/**
	 * Also ends the request-scoped beans that were made for a handler.
	 */
	@Override
	public void setValue() {
		if (RequestContextHolder.getRequestAttributes() instanceof Handler handler) {
			handler.requestCompleted();
		}
		RequestContextHolder.resetRequestAttributes();
	}

	/**
	 * What was captured of a request, and is only copied.
	 */
	private static final class Captured extends ServletRequestAttributes {

		Captured(ServletRequestAttributes attributes) {
			super(new RequestCopy(attributes.getRequest()));
		}

	}

	/**
	 * What one handler sees and changes.
	 */
	private static final class Handler extends ServletRequestAttributes {

		Handler(HttpServletRequest captured) {
			super(new OwnAttributes(captured));
		}

	}

}
