/**
 * Encryption and compression of what is stored, whatever it is stored in.
 */
@NullMarked
package io.github.mcppersist.payload;

import org.jspecify.annotations.NullMarked;
