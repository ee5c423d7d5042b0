package io.github.mcppersist.transport;

import java.util.Set;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionStore;

/**
 * A change to a session that its client has made. Making it twice is making it once.
 *
 * @param kind what is changed
 * @param value the log level, or the URI of the resource; empty for {@code RESUMING}
 */
record SessionChange(Kind kind, String value) {

	static SessionChange logLevel(String level) {
		return new SessionChange(Kind.LOG_LEVEL, level);
	}

	static SessionChange resuming() {
		return new SessionChange(Kind.RESUMING, "");
	}

	static SessionChange subscribed(String uri) {
		return new SessionChange(Kind.SUBSCRIBED, uri);
	}

	static SessionChange unsubscribed(String uri) {
		return new SessionChange(Kind.UNSUBSCRIBED, uri);
	}

	/**
	 * Make the change.
	 * @param store the store
	 * @param sessionName the session
	 * @return the new revision
	 */
	Mono<Revision> storeIn(SessionStore store, String sessionName) {
		return switch (this.kind) {
			case LOG_LEVEL -> store.setLogLevel(sessionName, this.value);
			case RESUMING -> store.setResuming(sessionName);
			case SUBSCRIBED -> store.subscribe(sessionName, this.value);
			case UNSUBSCRIBED -> store.unsubscribe(sessionName, this.value);
		};
	}

	/**
	 * Return what is changed: the last of several changes of the same thing undoes the
	 * others.
	 * @return equal for changes of the same thing
	 */
	Object subject() {
		return switch (this.kind) {
			case LOG_LEVEL, RESUMING -> this.kind;
			case SUBSCRIBED, UNSUBSCRIBED -> this.value;
		};
	}

	/**
	 * Apply the change to the resources that a session is subscribed to.
	 * @param uris their URIs
	 */
	void applyTo(Set<String> uris) {
		if (this.kind == Kind.SUBSCRIBED) {
			uris.add(this.value);
		}
		else if (this.kind == Kind.UNSUBSCRIBED) {
			uris.remove(this.value);
		}
	}

	/**
	 * What can be changed.
	 */
	enum Kind {

		/**
		 * The least level of the log messages that the client gets.
		 */
		LOG_LEVEL,

		/**
		 * That the client is known to resume the streams of its requests.
		 */
		RESUMING,

		/**
		 * A resource that the client wants to hear of.
		 */
		SUBSCRIBED,

		/**
		 * One that it doesn't want to hear of any more.
		 */
		UNSUBSCRIBED

	}

}
