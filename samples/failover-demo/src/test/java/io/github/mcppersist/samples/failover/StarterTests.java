package io.github.mcppersist.samples.failover;

import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import io.github.mcppersist.autoconfigure.context.ContextCaptureAutoConfiguration;
import io.github.mcppersist.transport.ContextCapture;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application has of the starter alone, without Spring AI's.
 */
class StarterTests {

	@Test
	void bringsWhatLetsToolsSeeWhatIsBoundToTheThreadOfTheirRequest() {
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(ContextCaptureAutoConfiguration.class))
			.run((context) -> assertThat(context).hasSingleBean(ContextCapture.class));
	}

}
