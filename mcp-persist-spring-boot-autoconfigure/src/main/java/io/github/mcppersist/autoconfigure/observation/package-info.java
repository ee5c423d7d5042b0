/**
 * Auto-configuration of observations, for traces.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.observation;

import org.jspecify.annotations.NullMarked;
