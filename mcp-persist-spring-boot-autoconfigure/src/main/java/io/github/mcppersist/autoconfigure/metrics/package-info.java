/**
 * Auto-configuration of metrics, for Micrometer.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.metrics;

import org.jspecify.annotations.NullMarked;
