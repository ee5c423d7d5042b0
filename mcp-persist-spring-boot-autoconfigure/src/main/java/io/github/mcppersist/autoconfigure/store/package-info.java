/**
 * Auto-configuration of where events and sessions are kept, and of what tells which
 * instances are there.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.store;

import org.jspecify.annotations.NullMarked;
