package io.github.mcppersist.observe;

/**
 * A method of one of the stores: an {@link io.github.mcppersist.event.EventStore
 * EventStore}, a {@link io.github.mcppersist.session.SessionStore SessionStore} or a
 * {@link io.github.mcppersist.task.TaskStore TaskStore}.
 */
public enum StoreOperation {

	/**
	 * {@code EventStore.openStream}: the first of the two calls of a plain request.
	 */
	OPEN_STREAM("events", "openStream"),

	/**
	 * {@code EventStore.storeEvents}.
	 */
	STORE_EVENTS("events", "storeEvents"),

	/**
	 * {@code EventStore.completeStream}: the second of the two calls of a plain request.
	 */
	COMPLETE_STREAM("events", "completeStream"),

	/**
	 * {@code EventStore.replayEventsAfter}.
	 */
	REPLAY_EVENTS_AFTER("events", "replayEventsAfter"),

	/**
	 * {@code EventStore.renewStreams}.
	 */
	RENEW_STREAMS("events", "renewStreams"),

	/**
	 * {@code EventStore.deleteSession}.
	 */
	DELETE_EVENTS("events", "deleteSession"),

	/**
	 * {@code SessionStore.createSession}.
	 */
	CREATE_SESSION("sessions", "createSession"),

	/**
	 * {@code SessionStore.findSession}.
	 */
	FIND_SESSION("sessions", "findSession"),

	/**
	 * {@code SessionStore.setLogLevel}.
	 */
	SET_LOG_LEVEL("sessions", "setLogLevel"),

	/**
	 * {@code SessionStore.setResuming}.
	 */
	SET_RESUMING("sessions", "setResuming"),

	/**
	 * {@code SessionStore.subscribe}.
	 */
	SUBSCRIBE("sessions", "subscribe"),

	/**
	 * {@code SessionStore.unsubscribe}.
	 */
	UNSUBSCRIBE("sessions", "unsubscribe"),

	/**
	 * {@code SessionStore.findSubscribers}.
	 */
	FIND_SUBSCRIBERS("sessions", "findSubscribers"),

	/**
	 * {@code SessionStore.findSubscribedUris}.
	 */
	FIND_SUBSCRIBED_URIS("sessions", "findSubscribedUris"),

	/**
	 * {@code SessionStore.moveStandaloneCursor}.
	 */
	MOVE_STANDALONE_CURSOR("sessions", "moveStandaloneCursor"),

	/**
	 * {@code SessionStore.renewSessions}.
	 */
	RENEW_SESSIONS("sessions", "renewSessions"),

	/**
	 * {@code SessionStore.storeAnswer}.
	 */
	STORE_ANSWER("sessions", "storeAnswer"),

	/**
	 * {@code SessionStore.findAnswers}.
	 */
	FIND_ANSWERS("sessions", "findAnswers"),

	/**
	 * {@code SessionStore.removeAnswers}.
	 */
	REMOVE_ANSWERS("sessions", "removeAnswers"),

	/**
	 * {@code SessionStore.deleteSession}.
	 */
	DELETE_SESSION("sessions", "deleteSession"),

	/**
	 * {@code TaskStore.createTask}.
	 */
	CREATE_TASK("tasks", "createTask"),

	/**
	 * {@code TaskStore.findTask}.
	 */
	FIND_TASK("tasks", "findTask"),

	/**
	 * {@code TaskStore.updateTask}.
	 */
	UPDATE_TASK("tasks", "updateTask"),

	/**
	 * {@code TaskStore.answerInput}.
	 */
	ANSWER_INPUT("tasks", "answerInput"),

	/**
	 * {@code TaskStore.endTask}.
	 */
	END_TASK("tasks", "endTask"),

	/**
	 * {@code TaskStore.renewTasks}.
	 */
	RENEW_TASKS("tasks", "renewTasks");

	private final String store;

	private final String method;

	StoreOperation(String store, String method) {
		this.store = store;
		this.method = method;
	}

	/**
	 * Return which store was called.
	 * @return {@code events}, {@code sessions} or {@code tasks}
	 */
	public String store() {
		return this.store;
	}

	/**
	 * Return the name of the method.
	 * @return such as {@code openStream}
	 */
	public String method() {
		return this.method;
	}

}
