package io.github.mcppersist.samples.springai;

import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

import io.github.mcppersist.samples.springai.Instance.Mode;

@EnabledForJreRange(min = JRE.JAVA_21)
class VirtualThreadsToolsTests extends AbstractToolsTests {

	VirtualThreadsToolsTests() {
		super(SpringAiServerApplication::main, Mode.ON_VIRTUAL_THREADS);
	}

}
