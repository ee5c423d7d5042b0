package io.github.mcppersist.observe;

import java.util.Map;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What a {@link StreamableHttpEndpoint} holds on this node at one moment.
 *
 * @param sessions the sessions in memory; a session that isn't comes back from the store
 * @param runningRequests the requests whose response is yet to be stored
 * @param connections the open SSE connections of each kind
 * @param unstoredBytes the bytes of events that the store hasn't acknowledged
 */
public record EndpointStatistics(int sessions, int runningRequests, Map<ConnectionKind, Integer> connections,
		long unstoredBytes) {

	public EndpointStatistics {
		connections = Map.copyOf(connections);
	}

}
