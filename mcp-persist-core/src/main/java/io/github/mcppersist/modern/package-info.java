/**
 * Internal, not for applications: what only revision 2026-07-28 of the protocol has. Each
 * request stands alone here and is handled by a session of the MCP SDK's that lives as
 * long as it does. Of the stores it knows that of tasks alone, and no sessions of older
 * revisions. What is public is so for the transport alone, and may change in any version.
 */
@NullMarked
package io.github.mcppersist.modern;

import org.jspecify.annotations.NullMarked;
