package io.github.mcppersist.autoconfigure.springai;

import org.junit.jupiter.api.Test;
import org.springframework.mock.env.MockEnvironment;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.report.StartReportAutoConfiguration;

import static org.assertj.core.api.Assertions.assertThat;

class SpringAiSetupTests {

	// A whole application can't say so: the build's Spring AI doesn't know the value
	@Test
	void leavesAServerOfSpringAisForRevision20260728Alone() {
		MockEnvironment environment = new MockEnvironment().withProperty("spring.ai.mcp.server.protocol", "MODERN");
		SpringAiSetup setup = new SpringAiSetup(environment, getClass().getClassLoader());
		SpringAiImportFilter filter = new SpringAiImportFilter();
		filter.setEnvironment(environment);
		filter.setBeanClassLoader(getClass().getClassLoader());

		assertThat(setup.hasServer()).isTrue();
		assertThat(setup.obstacle()).contains("spring.ai.mcp.server.protocol is MODERN", "no other",
				"STREAMABLE to serve that one");
		// It looks at no metadata
		assertThat(
				filter.match(
						new String[] { StreamableHttpEndpointAutoConfiguration.class.getName(),
								StartReportAutoConfiguration.class.getName(), SpringAiImportFilter.WEBMVC_TRANSPORT },
						null))
			.containsExactly(false, true, true);
	}

}
