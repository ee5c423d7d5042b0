package io.github.mcppersist.samples.webflux;

import io.github.mcppersist.samples.springai.AbstractToolsTests;
import io.github.mcppersist.samples.springai.Instance.Mode;

class ToolsTests extends AbstractToolsTests {

	ToolsTests() {
		super(WebFluxServerApplication::main, Mode.AS_WRITTEN);
	}

}
