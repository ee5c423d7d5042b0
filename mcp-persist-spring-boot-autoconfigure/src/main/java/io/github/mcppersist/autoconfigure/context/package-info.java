/**
 * Auto-configuration of what handlers see of the request that they are called for.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.context;

import org.jspecify.annotations.NullMarked;
