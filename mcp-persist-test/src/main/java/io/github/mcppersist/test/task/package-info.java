/**
 * The contract of task stores.
 */
@NullMarked
package io.github.mcppersist.test.task;

import org.jspecify.annotations.NullMarked;
