package io.github.mcppersist.session;

/**
 * Thrown when a session subscribes to a resource that nobody is subscribed to, and as
 * many others have subscribers as there may be. Those that are there stay.
 */
public final class TooManySubscribedResourcesException extends SessionStoreException {

	public TooManySubscribedResourcesException() {
		super("As many resources have subscribers as there may be, " + SubscriptionStore.MAX_SUBSCRIBED_URIS
				+ ": another one can get its first subscriber when one has lost its last");
	}

}
