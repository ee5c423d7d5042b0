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

	private boolean noReceivers;

	private boolean countsReceivers = true;

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
	 * @param receivers how many have got it, as it says
	 */
	synchronized void sent(long receivers) {
		this.silent++;
		this.noReceivers = receivers == 0;
		if (!this.noReceivers) {
			this.countsReceivers = true;
		}
	}

	/**
	 * An echo has come back.
	 */
	synchronized void echoed() {
		heard();
		// A proxy may publish on another server than it subscribes on
		if (this.noReceivers) {
			this.countsReceivers = false;
		}
	}

	/**
	 * Say whether nobody gets what nobody is said to get.
	 * @return whether the numbers of receivers have been right so far
	 */
	synchronized boolean countsReceivers() {
		return this.countsReceivers;
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
