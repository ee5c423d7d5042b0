package io.github.mcppersist.autoconfigure;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.util.ClassUtils;

import io.github.mcppersist.autoconfigure.actuate.EncryptionKeysAutoConfiguration;
import io.github.mcppersist.autoconfigure.actuate.EventStoreHealthAutoConfiguration;
import io.github.mcppersist.autoconfigure.actuate.McpPersistEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.context.ContextCaptureAutoConfiguration;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.metrics.EndpointMetricsAutoConfiguration;
import io.github.mcppersist.autoconfigure.observation.ResumeObservationAutoConfiguration;
import io.github.mcppersist.autoconfigure.payload.PayloadCodecAutoConfiguration;
import io.github.mcppersist.autoconfigure.report.StartReportAutoConfiguration;
import io.github.mcppersist.autoconfigure.security.AuthenticationOwnerAutoConfiguration;
import io.github.mcppersist.autoconfigure.security.TokenOwnerAutoConfiguration;
import io.github.mcppersist.autoconfigure.servlet.StreamableHttpServletAutoConfiguration;
import io.github.mcppersist.autoconfigure.springai.SpringAiWebFluxAutoConfiguration;
import io.github.mcppersist.autoconfigure.springai.SpringAiWebMvcAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.RedisEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.RedisSessionStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.webflux.StreamableHttpWebFluxAutoConfiguration;

import static org.assertj.core.api.Assertions.assertThat;

class AutoConfigurationOrderTests {

	private static final ClassLoader CLASS_LOADER = AutoConfigurationOrderTests.class.getClassLoader();

	@Test
	void everyAutoConfigurationIsListed() {
		assertThat(autoConfigurations()).containsExactlyInAnyOrder(RedisEventStoreAutoConfiguration.class,
				InMemoryEventStoreAutoConfiguration.class, RedisSessionStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
				StreamableHttpServletAutoConfiguration.class, ContextCaptureAutoConfiguration.class,
				SpringAiWebMvcAutoConfiguration.class, SpringAiWebFluxAutoConfiguration.class,
				StreamableHttpWebFluxAutoConfiguration.class, EndpointMetricsAutoConfiguration.class,
				ResumeObservationAutoConfiguration.class, EventStoreHealthAutoConfiguration.class,
				McpPersistEndpointAutoConfiguration.class, AuthenticationOwnerAutoConfiguration.class,
				TokenOwnerAutoConfiguration.class, StartReportAutoConfiguration.class,
				PayloadCodecAutoConfiguration.class, EncryptionKeysAutoConfiguration.class);
	}

	@Test
	void everyNameInTheOrderingIsThatOfAnAutoConfiguration() {
		List<String> names = autoConfigurations().stream().flatMap(this::namesInOrdering).toList();

		assertThat(names).isNotEmpty()
			.allSatisfy((name) -> assertThat(ClassUtils.forName(name, CLASS_LOADER))
				.hasAnnotation(AutoConfiguration.class));
	}

	private Stream<String> namesInOrdering(Class<?> autoConfiguration) {
		var annotation = MergedAnnotations.from(autoConfiguration).get(AutoConfiguration.class);
		return Stream.of("afterName", "beforeName").map(annotation::getStringArray).flatMap(Stream::of);
	}

	private List<Class<?>> autoConfigurations() {
		return ImportCandidates.load(AutoConfiguration.class, CLASS_LOADER)
			.getCandidates()
			.stream()
			.filter((name) -> name.startsWith("io.github.mcppersist."))
			.<Class<?>>map((name) -> ClassUtils.resolveClassName(name, CLASS_LOADER))
			.toList();
	}

}
