package io.github.mcppersist.session;

import java.util.List;

/**
 * Some of the resources that may have subscribers, in the order in which each got its
 * first one.
 *
 * @param uris the URIs of the resources, each once
 * @param after the number to go on after: the next time there is what comes from now on,
 * or what is left if there is more. It is lower than the one that was asked for only if
 * the store has lost what it knew
 * @param more whether there is more already
 * @param total how many resources there are in all, from 0 on
 */
public record SubscribedUris(List<String> uris, long after, boolean more, int total) {

	public SubscribedUris {
		uris = List.copyOf(uris);
		if (after < 0 || total < 0) {
			throw new IllegalArgumentException("Neither may be negative: after " + after + ", total " + total);
		}
	}

}
