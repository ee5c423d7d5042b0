package io.github.mcppersist.autoconfigure.context;

import io.micrometer.context.ContextSnapshotFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.transport.ContextCapture;

/**
 * Auto-configuration of a {@link ContextCapture}: what is bound to a request's thread is
 * bound to its handler's.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(ContextSnapshotFactory.class)
public final class ContextCaptureAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(ContextCapture.class)
	ThreadLocalsCapture threadLocalsCapture() {
		return new ThreadLocalsCapture();
	}

}
