package io.github.mcppersist.transport;

/**
 * What a server does with requests while its event store is out of reach.
 */
public enum StoreFailurePolicy {

	/**
	 * Serve on: events are delivered live without an ID, and stored in order when the
	 * store is back. A client that loses its connection in between waits until then.
	 */
	CONTINUE,

	/**
	 * Refuse: a new request is answered with 503, and a running tool's message that can't
	 * be stored fails at the tool. No message is delivered that isn't stored, but for the
	 * response.
	 */
	REJECT

}
