/**
 * The event store on Redis.
 */
@NullMarked
package io.github.mcppersist.redis;

import org.jspecify.annotations.NullMarked;
