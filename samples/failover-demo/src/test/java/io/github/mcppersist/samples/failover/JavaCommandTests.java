package io.github.mcppersist.samples.failover;

import java.io.File;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class JavaCommandTests {

	@Test
	void runsTheJarThatIsTheWholeClassPath() {
		assertThat(JavaCommand.of("target/failover-demo.jar", List.of("--a", "--b"))).endsWith("-jar",
				"target/failover-demo.jar", "--a", "--b");
	}

	@Test
	void runsTheMainClassFromAnExplodedClassPath() {
		String classPath = "target/classes" + File.pathSeparator + "some.jar";

		assertThat(JavaCommand.of(classPath, List.of("--a"))).endsWith("-cp", classPath,
				"io.github.mcppersist.samples.failover.FailoverDemo", "--a");
	}

	@Test
	void usesTheJavaThatRuns() {
		assertThat(new File(JavaCommand.of(List.of()).get(0))).isExecutable();
	}

}
