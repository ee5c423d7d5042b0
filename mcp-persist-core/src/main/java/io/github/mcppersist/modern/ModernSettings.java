package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.List;

import io.github.mcppersist.task.TaskOptions;

/**
 * What the options of the endpoint say of modern requests.
 *
 * @param heartbeatInterval the longest silence of a request that runs
 * @param maxConnectionBytes how many bytes wait for a client that reads slowly
 * @param maxOutgoingBytes how many bytes of what was read from the store clients may be
 * yet to take
 * @param maxCalls how many requests that run the user's code there may be at once
 * @param maxCallsPerPrincipal how many of these may be one principal's
 * @param maxSubscriptions how many clients may listen to changes at once
 * @param maxSubscriptionsPerPrincipal how many of these may be one principal's
 * @param cacheTtlMillis for how long clients may take a result for fresh
 * @param cacheScope who may share a result, as the specification spells it
 * @param inputTimeout for how long a call waits for its client
 * @param maxParkedCalls how many calls may wait for their clients
 * @param maxParkedCallsPerPrincipal how many of these may be one principal's
 * @param requestStateKeys what request states are sealed with; empty if the nodes are to
 * agree on a key
 * @param lookInterval how often the store is looked at, whatever it tells
 * @param tasks which calls become tasks
 */
public record ModernSettings(Duration heartbeatInterval, int maxConnectionBytes, long maxOutgoingBytes, int maxCalls,
		int maxCallsPerPrincipal, int maxSubscriptions, int maxSubscriptionsPerPrincipal, long cacheTtlMillis,
		String cacheScope, Duration inputTimeout, int maxParkedCalls, int maxParkedCallsPerPrincipal,
		List<byte[]> requestStateKeys, Duration lookInterval, TaskOptions tasks) {

	/**
	 * Refuse what can't be keys for request states.
	 * @param keys the keys
	 * @return a copy of them
	 * @throws IllegalArgumentException if one is none, or is there twice
	 */
	public static List<byte[]> requireKeys(List<byte[]> keys) {
		List<byte[]> copies = keys.stream().map(byte[]::clone).toList();
		if (!copies.isEmpty()) {
			new RequestStateKeys(copies);
		}
		return copies;
	}

}
