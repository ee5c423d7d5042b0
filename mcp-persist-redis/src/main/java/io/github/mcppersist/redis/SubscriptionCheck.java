package io.github.mcppersist.redis;

/**
 * Finds out that a subscription is half open: this node sends itself an echo every few
 * seconds, and if none comes back although Redis takes them, it subscribes anew. That is
 * one command, however many streams are watched.
 */
final class SubscriptionCheck {

	private static final int MAX_SILENT = 3;

	private final Runnable echo;

	private final Runnable resubscribe;

	/**
	 * How many echoes Redis has taken since something was heard.
	 */
	private int silent;

	SubscriptionCheck(Runnable echo, Runnable resubscribe) {
		this.echo = echo;
		this.resubscribe = resubscribe;
	}

	void run() {
		boolean halfOpen;
		synchronized (this) {
			halfOpen = this.silent >= MAX_SILENT;
			if (halfOpen) {
				this.silent = 0;
			}
		}
		if (halfOpen) {
			this.resubscribe.run();
		}
		this.echo.run();
	}

	/**
	 * Redis has taken an echo.
	 */
	synchronized void sent() {
		this.silent++;
	}

	/**
	 * Redis doesn't answer, so silence says nothing about the subscription.
	 */
	synchronized void failed() {
		this.silent = 0;
	}

	/**
	 * The subscription works.
	 */
	synchronized void heard() {
		this.silent = 0;
	}

}
