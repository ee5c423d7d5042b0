package io.github.mcppersist.modern;

import java.time.Duration;

/**
 * What the options of the endpoint say of modern requests.
 *
 * @param heartbeatInterval the longest silence of a request that runs
 * @param maxConnectionBytes how many bytes wait for a client that reads slowly
 * @param maxSubscriptions how many clients may listen to changes at once
 * @param cacheTtlMillis for how long clients may take a result for fresh
 * @param cacheScope who may share a result, as the specification spells it
 */
public record ModernSettings(Duration heartbeatInterval, int maxConnectionBytes, int maxSubscriptions,
		long cacheTtlMillis, String cacheScope) {

}
