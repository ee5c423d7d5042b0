package io.github.mcppersist.autoconfigure.context;

import java.util.function.UnaryOperator;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.context.integration.Slf4jThreadLocalAccessor;
import org.springframework.util.ClassUtils;
import reactor.util.context.ContextView;

import io.github.mcppersist.transport.ContextCapture;

/**
 * Captures all that the application's {@link ContextRegistry} knows, such as Spring
 * Security's context and the current observation, and in addition the request attributes,
 * the locale and the MDC.
 */
final class ThreadLocalsCapture implements ContextCapture {

	private final ContextSnapshotFactory snapshots;

	ThreadLocalsCapture() {
		// One of our own: the application's is none of our business
		ContextRegistry registry = new ContextRegistry();
		ContextRegistry application = ContextRegistry.getInstance();
		application.getContextAccessors().forEach(registry::registerContextAccessor);
		application.getThreadLocalAccessors().forEach(registry::registerThreadLocalAccessor);
		registry.registerThreadLocalAccessor(new Slf4jThreadLocalAccessor());
		registry.registerThreadLocalAccessor(new LocaleContextAccessor());
		if (hasRequestAttributes(getClass().getClassLoader())) {
			registry.registerThreadLocalAccessor(new RequestAttributesAccessor());
		}
		this.snapshots = ContextSnapshotFactory.builder().contextRegistry(registry).clearMissing(true).build();
	}

	private static boolean hasRequestAttributes(ClassLoader classLoader) {
		return ClassUtils.isPresent("jakarta.servlet.http.HttpServletRequest", classLoader) && ClassUtils
			.isPresent("org.springframework.web.context.request.ServletRequestAttributes", classLoader);
	}

	@Override
	public UnaryOperator<Runnable> capture(ContextView reactorContext) {
		ContextSnapshot snapshot = this.snapshots.captureAll(reactorContext);
		return snapshot::wrap;
	}

}
