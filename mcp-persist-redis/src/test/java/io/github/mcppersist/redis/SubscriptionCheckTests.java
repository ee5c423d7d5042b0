package io.github.mcppersist.redis;

import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SubscriptionCheckTests {

	private final AtomicInteger resubscribed = new AtomicInteger();

	private final AtomicInteger deaf = new AtomicInteger();

	private final SubscriptionCheck check = new SubscriptionCheck(this::send, this.resubscribed::incrementAndGet,
			this.deaf::incrementAndGet);

	private boolean away;

	private void send() {
		if (this.away) {
			this.check.failed();
		}
		else {
			this.check.sent(1);
		}
	}

	private void beSilentOnce() {
		int before = this.resubscribed.get();
		while (this.resubscribed.get() == before) {
			this.check.run();
		}
	}

	@Test
	void saysThatItIsDeafOnceASubscriptionThatWasMadeAnewIsSilentToo() {
		this.check.subscribed();
		beSilentOnce();
		this.check.subscribed();
		assertThat(this.deaf).hasValue(0);

		beSilentOnce();
		assertThat(this.deaf).hasValue(1);

		this.check.subscribed();
		this.check.echoed();
		beSilentOnce();
		assertThat(this.deaf).hasValue(1);
	}

	@Test
	void isNotDeafWithoutASubscription() {
		this.check.subscribed();
		for (int i = 0; i < 10; i++) {
			beSilentOnce();
		}

		assertThat(this.deaf).hasValue(0);
	}

	@Test
	void anOutageBetweenMakesNoRow() {
		this.check.subscribed();
		beSilentOnce();
		this.check.subscribed();
		this.away = true;
		this.check.run();
		this.away = false;

		beSilentOnce();

		assertThat(this.deaf).hasValue(0);
	}

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
