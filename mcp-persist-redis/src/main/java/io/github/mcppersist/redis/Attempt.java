package io.github.mcppersist.redis;

/**
 * What the current thread does through a driver that blocks, and another may give up. A
 * pool can let it wait for a connection for ever, though it might open one: nobody wakes
 * those who wait when somebody else's attempt to open one fails. What doesn't heed
 * interrupts, such as reading, goes on.
 */
final class Attempt {

	private final Thread thread = Thread.currentThread();

	private boolean ended;

	/**
	 * Wait no longer, unless it has ended.
	 */
	synchronized void giveUp() {
		if (!this.ended) {
			this.thread.interrupt();
		}
	}

	/**
	 * It has ended: whatever its thread does next isn't interrupted. Only for its thread.
	 */
	synchronized void end() {
		if (!this.ended) {
			this.ended = true;
			Thread.interrupted();
		}
	}

}
