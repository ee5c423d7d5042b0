package io.github.mcppersist.event;

/**
 * Thrown to a writer whose stream is not as it left it: somebody else wrote to it,
 * completed it or opened it, or the store was rolled back.
 */
public final class StreamConflictException extends EventStoreException {

	private final long nextSequence;

	private final boolean complete;

	/**
	 * Create the exception.
	 * @param stream the stream
	 * @param nextSequence the sequence that the next event of the stream would get
	 * @param complete whether the stream is complete
	 */
	public StreamConflictException(StreamKey stream, long nextSequence, boolean complete) {
		super("Stream " + stream.streamId() + (complete ? " is complete" : " goes on at sequence " + nextSequence)
				+ ", which isn't what its writer expected");
		this.nextSequence = nextSequence;
		this.complete = complete;
	}

	/**
	 * Return where the stream goes on.
	 * @return the sequence that the next event would get
	 */
	public long nextSequence() {
		return this.nextSequence;
	}

	/**
	 * Say whether the stream is complete, so that nothing can be stored any more.
	 * @return whether the stream is complete
	 */
	public boolean isComplete() {
		return this.complete;
	}

}
