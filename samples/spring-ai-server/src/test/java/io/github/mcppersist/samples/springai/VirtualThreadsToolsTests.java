package io.github.mcppersist.samples.springai;

import io.github.mcppersist.samples.springai.Instance.Mode;

class VirtualThreadsToolsTests extends AbstractToolsTests {

	VirtualThreadsToolsTests() {
		super(SpringAiServerApplication::main, Mode.ON_VIRTUAL_THREADS);
	}

}
