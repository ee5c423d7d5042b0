/**
 * An observer that remembers what it is told.
 */
@NullMarked
package io.github.mcppersist.test.observe;

import org.jspecify.annotations.NullMarked;
