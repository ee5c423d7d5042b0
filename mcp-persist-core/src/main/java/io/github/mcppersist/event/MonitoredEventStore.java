package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * An {@link EventStore} that knows by itself whether the server behind it takes calls.
 */
public interface MonitoredEventStore extends EventStore {

	/**
	 * Say whether the store is out of reach, as far as it knows: an outage is noticed
	 * within seconds even if nobody calls the store. Makes no call, and returns at once.
	 * @return the outage, or {@code null} if there is none
	 */
	@Nullable StoreOutage outage();

}
