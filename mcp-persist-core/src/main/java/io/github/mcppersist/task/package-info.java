/**
 * Calls that outlive their connection, and that any node can tell of: tasks, and calls
 * that wait for their client.
 */
@NullMarked
package io.github.mcppersist.task;

import org.jspecify.annotations.NullMarked;
