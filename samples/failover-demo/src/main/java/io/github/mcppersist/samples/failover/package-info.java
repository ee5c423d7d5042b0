/**
 * A demonstration for people: a connection is cut in the middle of a tool call, and what
 * was missed arrives on the next one.
 */
@NullMarked
package io.github.mcppersist.samples.failover;

import org.jspecify.annotations.NullMarked;
