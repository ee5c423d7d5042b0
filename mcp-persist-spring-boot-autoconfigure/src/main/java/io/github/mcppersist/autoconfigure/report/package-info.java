/**
 * The line that is logged at start.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.report;

import org.jspecify.annotations.NullMarked;
