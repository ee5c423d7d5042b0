package io.github.mcppersist.redis;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SubscriptionCheckTests {

	private final SubscriptionCheck check = new SubscriptionCheck(() -> {
	}, () -> {
	});

	@Test
	void trustsTheNumberOfReceivers() {
		this.check.sent(1);
		this.check.echoed();

		assertThat(this.check.countsReceivers()).isTrue();
	}

	@Test
	void doesNotTrustItOnceAnEchoCameBackThatNobodyWasSaidToGet() {
		this.check.sent(0);
		assertThat(this.check.countsReceivers()).isTrue();
		this.check.echoed();

		assertThat(this.check.countsReceivers()).isFalse();
	}

	@Test
	void trustsItAgainOnceItIsRight() {
		this.check.sent(0);
		this.check.echoed();
		this.check.sent(1);

		assertThat(this.check.countsReceivers()).isTrue();
	}

}
