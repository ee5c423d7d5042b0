package io.github.mcppersist.samples.springai;

import io.github.mcppersist.samples.springai.Instance.Mode;

class ToolsTests extends AbstractToolsTests {

	ToolsTests() {
		super(SpringAiServerApplication::main, Mode.AS_WRITTEN);
	}

}
