package io.github.mcppersist.transport;

import java.util.Locale;

/**
 * Who may share a result that a client of revision 2026-07-28 has cached (MCP 2026-07-28,
 * "Caching").
 */
public enum CacheScope {

	/**
	 * Whoever has the same authorization.
	 */
	PRIVATE,

	/**
	 * Anybody: the results are the same for all.
	 */
	PUBLIC;

	/**
	 * Return the name in the protocol.
	 */
	@Override
	public String toString() {
		return name().toLowerCase(Locale.ROOT);
	}

}
