package io.github.mcppersist.event;

/**
 * What a store tells those who {@linkplain EventStore#watch watch} a stream. It carries
 * no event: whoever gets it reads the stream, unless it has all of that already.
 */
public sealed interface Hint {

	/**
	 * Return the hint that the stream is watched from now on, which is this watch's own
	 * doing.
	 * @return the hint
	 */
	static Hint watched() {
		return Watched.INSTANCE;
	}

	/**
	 * Return the hint that there may be something to see, whatever the reader has of the
	 * stream.
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
	 * The stream is watched from now on, and the node of this watch is its reader. There
	 * may be something to see.
	 */
	record Watched() implements Hint {

		private static final Watched INSTANCE = new Watched();

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
