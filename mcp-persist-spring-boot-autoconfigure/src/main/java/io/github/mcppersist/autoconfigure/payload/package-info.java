/**
 * Auto-configuration of the encryption and compression of what is stored.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.payload;

import org.jspecify.annotations.NullMarked;
