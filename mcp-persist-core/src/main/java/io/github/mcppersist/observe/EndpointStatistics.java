package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.Map;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What a {@link StreamableHttpEndpoint} holds on this node at one moment.
 *
 * @param sessions the sessions in memory; a session that isn't comes back from the store
 * @param running the requests of each era whose response is yet to be stored, or to leave
 * where none is stored. Calls that are parked are among them, and the requests by which
 * clients wait for such calls, of whichever node
 * @param parkedCalls the calls that run here and have asked their clients of revision
 * 2026-07-28 for input, whether that has come or not. Each may hold a thread
 * @param tasks the calls that run here and have become tasks. Each may hold a thread, too
 * @param tasksWithInputRequired those of them whose clients are asked something
 * @param oldestTask how long ago the one became a task that has been one for longest;
 * zero if there is none
 * @param connections the open SSE connections of each kind
 * @param unstoredBytes the bytes of events that the store hasn't acknowledged
 */
public record EndpointStatistics(int sessions, Map<Era, Integer> running, int parkedCalls, int tasks,
		int tasksWithInputRequired, Duration oldestTask, Map<ConnectionKind, Integer> connections, long unstoredBytes) {

	public EndpointStatistics {
		running = Map.copyOf(running);
		connections = Map.copyOf(connections);
	}

	/**
	 * Return how many requests of all eras run.
	 * @return the sum of {@link #running()}
	 */
	public int runningRequests() {
		return this.running.values().stream().mapToInt(Integer::intValue).sum();
	}

}
