package io.github.mcppersist.session;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;

/**
 * One session in memory. It is owned by {@link InMemorySessionStore} and used under its
 * lock only.
 */
final class InMemorySession {

	/**
	 * About what a session takes beside its texts.
	 */
	private static final int SESSION_OVERHEAD = 1024;

	/**
	 * About what a subscription takes beside its URI, here and in the index.
	 */
	private static final int SUBSCRIPTION_OVERHEAD = 256;

	/**
	 * What never changes is taken from here.
	 */
	private final SessionRecord created;

	/**
	 * Changed in place, since a copy for each subscription would take the square of what
	 * the subscriptions of a session take.
	 */
	private final Set<String> subscriptions;

	private long subscriptionBytes;

	private @Nullable String logLevel;

	private @Nullable EventId standaloneCursor;

	private boolean resuming;

	private Revision revision;

	private long expiresAt;

	private final long createdAt;

	private long usedAt;

	private long lastUse;

	InMemorySession(SessionRecord created, long now) {
		this.created = created;
		this.createdAt = now;
		this.subscriptions = new HashSet<>(created.subscriptions());
		created.subscriptions().forEach((uri) -> this.subscriptionBytes += bytes(uri));
		this.logLevel = created.logLevel();
		this.standaloneCursor = created.standaloneCursor();
		this.resuming = created.resuming();
		this.revision = created.revision();
	}

	String sessionName() {
		return this.created.sessionName();
	}

	/**
	 * Return about what this session takes.
	 * @return the bytes of heap
	 */
	long bytes() {
		return SESSION_OVERHEAD + 2L * this.created.initializeRequest().length() + this.subscriptionBytes;
	}

	private static long bytes(String uri) {
		return SUBSCRIPTION_OVERHEAD + 2L * uri.length();
	}

	Set<String> subscriptions() {
		return this.subscriptions;
	}

	Revision revision() {
		return this.revision;
	}

	long expiresAt() {
		return this.expiresAt;
	}

	/**
	 * Return the number of its last use among those of all sessions.
	 * @return the number, 0 before the first
	 */
	long lastUse() {
		return this.lastUse;
	}

	void used(long number, long now, long expiresAt) {
		this.lastUse = number;
		this.usedAt = now;
		this.expiresAt = expiresAt;
	}

	void logLevel(String logLevel) {
		if (!logLevel.equals(this.logLevel)) {
			this.logLevel = logLevel;
			this.revision = this.revision.next();
		}
	}

	void resuming() {
		if (!this.resuming) {
			this.resuming = true;
			this.revision = this.revision.next();
		}
	}

	void subscribe(String uri) {
		if (this.subscriptions.add(uri)) {
			this.subscriptionBytes += bytes(uri);
			this.revision = this.revision.next();
		}
	}

	void unsubscribe(String uri) {
		if (this.subscriptions.remove(uri)) {
			this.subscriptionBytes -= bytes(uri);
			this.revision = this.revision.next();
		}
	}

	void moveStandaloneCursor(EventId cursor, @Nullable EventId gone) {
		EventId noted = this.standaloneCursor;
		if (noted == null || noted.equals(gone) || cursor.sequence() > noted.sequence()) {
			this.standaloneCursor = cursor;
		}
	}

	StoredSession describe(long now) {
		return new StoredSession(this.created.sessionName(), this.created.initializeRequest(),
				this.created.protocolVersion(), this.created.owner(), this.created.server(), null,
				Duration.ofMillis(now - this.createdAt), Duration.ofMillis(now - this.usedAt));
	}

	SessionRecord toRecord() {
		return new SessionRecord(this.created.sessionName(), this.created.initializeRequest(),
				this.created.protocolVersion(), this.created.owner(), this.created.server(), this.logLevel,
				this.subscriptions, this.standaloneCursor, this.resuming, this.revision);
	}

}
