package io.github.mcppersist.modern;

import java.util.function.Consumer;

/**
 * An answer out of the store that takes its time to leave, and what is kept for it until
 * then. Thread-safe.
 */
final class LargeAnswer implements RoundResponse.Listener {

	private final RoundResponse response;

	private final Outgoing.Answer kept;

	private final Consumer<LargeAnswer> over;

	/**
	 * Create it.
	 * @param parking has the threads and settings
	 * @param reply answers the request
	 * @param kept what is kept for it
	 * @param over is told when nothing more leaves, once
	 */
	LargeAnswer(Parking parking, ModernReply reply, Outgoing.Answer kept, Consumer<LargeAnswer> over) {
		this.kept = kept;
		this.over = over;
		this.response = new RoundResponse(parking.threads(), reply, parking.settings(), this);
	}

	/**
	 * Send it.
	 * @param message the response
	 */
	void send(byte[] message) {
		this.response.end(200, message);
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.response.tick();
	}

	/**
	 * Close the connection, whether all has left or not.
	 */
	void abort() {
		this.response.abort();
	}

	@Override
	public void clientGone() {
		// It may ask again
	}

	@Override
	public void closed() {
		this.kept.left();
		this.over.accept(this);
	}

	@Override
	public void carryOn(Runnable task) {
		task.run();
	}

}
