package io.github.mcppersist.samples.webflux;

import io.github.mcppersist.samples.springai.AbstractToolsTests;
import io.github.mcppersist.samples.springai.Instance.Mode;

class AheadOfTimeToolsTests extends AbstractToolsTests {

	AheadOfTimeToolsTests() {
		super(WebFluxServerApplication::main, Mode.PROCESSED_AHEAD_OF_TIME);
	}

}
