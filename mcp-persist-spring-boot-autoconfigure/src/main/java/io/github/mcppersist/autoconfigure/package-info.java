/**
 * The properties of the auto-configuration, whose parts have packages of their own.
 */
@NullMarked
package io.github.mcppersist.autoconfigure;

import org.jspecify.annotations.NullMarked;
