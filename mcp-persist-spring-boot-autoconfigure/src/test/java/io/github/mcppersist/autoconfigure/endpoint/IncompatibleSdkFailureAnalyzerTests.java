package io.github.mcppersist.autoconfigure.endpoint;

import java.util.Collections;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.ArgumentResolver;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that what {@link IncompatibleSdkFailureAnalyzer} says is what is shown.
 */
class IncompatibleSdkFailureAnalyzerTests {

	@Test
	void isAskedBeforeTheAnalyzersOfItsCauseInWhateverOrderJarsComeOnTheClassPath() {
		List<FailureAnalyzer> analyzers = SpringFactoriesLoader.forDefaultResourceLocation()
			.load(FailureAnalyzer.class,
					ArgumentResolver.of(BeanFactory.class, new DefaultListableBeanFactory())
						.and(Environment.class, new StandardEnvironment()),
					IncompatibleSdkFailureAnalyzerTests::passOver);
		assertThat(analyzers)
			.anyMatch((analyzer) -> analyzer.getClass().getSimpleName().equals("NoSuchMethodFailureAnalyzer"));

		Collections.reverse(analyzers);
		AnnotationAwareOrderComparator.sort(analyzers);

		assertThat(analyzers).first().isInstanceOf(IncompatibleSdkFailureAnalyzer.class);
	}

	// What an analyzer needs that isn't on this class path
	private static void passOver(Class<?> factoryType, String name, Throwable failure) {
	}

}
