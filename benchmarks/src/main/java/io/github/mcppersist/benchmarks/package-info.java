/**
 * Measures {@link io.github.mcppersist.redis.RedisEventStore} beside other layouts, and
 * beside other ways to send the same script.
 */
@NullMarked
package io.github.mcppersist.benchmarks;

import org.jspecify.annotations.NullMarked;
