package io.github.mcppersist.redis;

/**
 * Finds out that a subscription is half open: this node sends itself an echo every few
 * seconds, and if none comes back although Redis takes them, it subscribes anew. If the
 * new subscription is as silent, what is published goes elsewhere than this node
 * subscribes. That is one command, however many streams are watched.
 */
final class SubscriptionCheck {

	private static final int MAX_SILENT = 3;

	private static final int MAX_SILENT_SUBSCRIPTIONS = 2;

	private final Runnable echo;

	private final Runnable resubscribe;

	private final Runnable deaf;

	/**
	 * How many echoes Redis has taken since something was heard.
	 */
	private int silent;

	/**
	 * Whether Redis has confirmed the subscription since it was made anew.
	 */
	private boolean subscribed;

	/**
	 * How many subscriptions in a row were silent.
	 */
	private int silentSubscriptions;

	private boolean noReceivers;

	private boolean countsReceivers = true;

	/**
	 * Create it.
	 * @param echo sends an echo
	 * @param resubscribe subscribes anew
	 * @param deaf is told that a subscription that was made anew is silent, too
	 */
	SubscriptionCheck(Runnable echo, Runnable resubscribe, Runnable deaf) {
		this.echo = echo;
		this.resubscribe = resubscribe;
		this.deaf = deaf;
	}

	void run() {
		boolean halfOpen;
		boolean deaf;
		synchronized (this) {
			halfOpen = this.silent >= MAX_SILENT;
			if (halfOpen) {
				this.silent = 0;
				this.silentSubscriptions += this.subscribed ? 1 : 0;
				this.subscribed = false;
			}
			deaf = this.silentSubscriptions >= MAX_SILENT_SUBSCRIPTIONS;
		}
		if (deaf) {
			this.deaf.run();
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
		this.silent = 0;
		this.silentSubscriptions = 0;
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
		this.silentSubscriptions = 0;
	}

	/**
	 * Redis has confirmed the subscription.
	 */
	synchronized void subscribed() {
		this.silent = 0;
		this.subscribed = true;
	}

}
