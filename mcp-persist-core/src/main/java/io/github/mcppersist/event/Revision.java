package io.github.mcppersist.event;

/**
 * Which state of its record a session is in. An event store that keeps the sessions'
 * records as well tells it with each stream that is opened, so that a node learns that
 * what it holds of the session is out of date.
 *
 * @param number from 1 on, one more with each change
 */
public record Revision(long number) {

	/**
	 * The revision of a record that was never changed.
	 */
	public static final Revision FIRST = new Revision(1);

	public Revision {
		if (number < 1) {
			throw new IllegalArgumentException("revision must be at least 1, but is " + number);
		}
	}

	/**
	 * Return the revision after a change.
	 * @return one more
	 */
	public Revision next() {
		return new Revision(this.number + 1);
	}

	/**
	 * Return the number.
	 */
	@Override
	public String toString() {
		return Long.toString(this.number);
	}

}
