/**
 * A demonstration for people: a connection is cut and an instance killed in the middle of
 * a tool call, and the client carries on with another instance.
 */
@NullMarked
package io.github.mcppersist.samples.failover;

import org.jspecify.annotations.NullMarked;
