package io.github.mcppersist.servlet;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponseWrapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells once of each kind of wrapper that answers are written past it: whoever relies on
 * what it does to a body has to know.
 */
final class BypassedWrappers {

	private static final Logger logger = LoggerFactory.getLogger(BypassedWrappers.class);

	/**
	 * They only look when a response is sent, which their filters do anyway.
	 */
	private static final List<String> ONLY_WATCHING = List.of("org.springframework.security.",
			"org.springframework.session.", "org.springframework.web.context.request.async.");

	private final Set<Class<?>> seen = ConcurrentHashMap.newKeySet();

	void saw(List<Class<?>> wrappers) {
		for (Class<?> wrapper : wrappers) {
			if (this.seen.add(wrapper) && takesTheBody(wrapper)) {
				logger.info(
						"Answers of the MCP endpoint are written past the response wrapper {}: what it does to a "
								+ "body, such as to log, sign or compress it, is not done to theirs",
						wrapper.getName());
			}
		}
	}

	private static boolean takesTheBody(Class<?> wrapper) {
		return ONLY_WATCHING.stream().noneMatch(wrapper.getName()::startsWith)
				&& (overrides(wrapper, "getOutputStream") || overrides(wrapper, "getWriter"));
	}

	private static boolean overrides(Class<?> wrapper, String method) {
		try {
			Class<?> owner = wrapper.getMethod(method).getDeclaringClass();
			return owner != ServletResponseWrapper.class && owner != HttpServletResponseWrapper.class;
		}
		catch (NoSuchMethodException | LinkageError ex) {
			// A native image without metadata of this class
			return true;
		}
	}

}
