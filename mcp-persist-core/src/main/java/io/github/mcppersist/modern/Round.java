package io.github.mcppersist.modern;

/**
 * One HTTP request of a call: the first, or one by which its client goes on with it.
 *
 * @param requestId its JSON-RPC request ID
 * @param metadata what it says of its client
 * @param response its response
 * @param messages write what goes there
 */
record Round(Object requestId, RequestMetadata metadata, RoundResponse response, Messages messages) {

	/**
	 * Answer it, unless it was answered.
	 * @param outcome the answer
	 */
	void answer(Outcome outcome) {
		ErrorResponse error = outcome.error();
		if (error != null) {
			this.response.end(error.status(), this.messages.error(this.requestId, error));
		}
		else if (outcome.result() != null) {
			this.response.end(200, this.messages.response(this.requestId, outcome.result()));
		}
	}

}
