/**
 * The endpoint in place of Spring AI's transports.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.springai;

import org.jspecify.annotations.NullMarked;
