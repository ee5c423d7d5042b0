package io.github.mcppersist.event;

/**
 * What a store tells those who {@linkplain EventStore#watch watch} a stream. It carries
 * no event: whoever gets it reads the stream, unless it has all of that already.
 */
public sealed interface Hint {

	/**
	 * Return the hint that there may be something to see, whatever the reader has of the
	 * stream. The first one of a watch says that the stream is watched from then on.
	 * @return the hint
	 */
	static Hint look() {
		return Look.INSTANCE;
	}

	/**
	 * Return the hint that the stream can't be watched yet. It may be read all the same.
	 * @return the hint
	 */
	static Hint notWatched() {
		return NotWatched.INSTANCE;
	}

	/**
	 * Return the hint that events were stored.
	 * @param sequence the sequence of the newest of them
	 * @return the hint
	 */
	static Hint stored(long sequence) {
		return new Stored(sequence);
	}

	/**
	 * There may be something to see, whatever the reader has of the stream.
	 */
	record Look() implements Hint {

		private static final Look INSTANCE = new Look();

	}

	/**
	 * The stream can't be watched yet.
	 */
	record NotWatched() implements Hint {

		private static final NotWatched INSTANCE = new NotWatched();

	}

	/**
	 * Events were stored.
	 *
	 * @param sequence the sequence of the newest of them, from 1 on
	 */
	record Stored(long sequence) implements Hint {

		public Stored {
			if (sequence < 1) {
				throw new IllegalArgumentException("sequence must be at least 1, but is " + sequence);
			}
		}

	}

}
