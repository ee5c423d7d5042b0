/**
 * The Streamable HTTP transport whose every connection is a reader of its stream's log.
 */
@NullMarked
package io.github.mcppersist.transport;

import org.jspecify.annotations.NullMarked;
