package io.github.mcppersist.event;

import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * An {@link EventStore} that shows operators how it is and what it holds.
 */
public interface MonitoredEventStore extends EventStore {

	/**
	 * Say whether the store is out of reach, as far as it knows: an outage is noticed
	 * within seconds even if nobody calls the store. Makes no call, and returns at once.
	 * @return the outage, or {@code null} if there is none
	 */
	@Nullable StoreOutage outage();

	/**
	 * Find the streams of a session, on whichever node they run or ran, running ones
	 * before complete ones. For people, not for every request.
	 * @param sessionName the session
	 * @return up to a thousand streams; none if there is no such session; fails with
	 * {@link EventStoreUnavailableException}
	 */
	Mono<List<StoredStream>> findStreams(String sessionName);

}
