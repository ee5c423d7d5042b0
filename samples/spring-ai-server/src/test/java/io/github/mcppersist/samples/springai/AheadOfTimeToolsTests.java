package io.github.mcppersist.samples.springai;

import io.github.mcppersist.samples.springai.Instance.Mode;

class AheadOfTimeToolsTests extends AbstractToolsTests {

	AheadOfTimeToolsTests() {
		super(SpringAiServerApplication::main, Mode.PROCESSED_AHEAD_OF_TIME);
	}

}
