/**
 * The contract of event stores, and stores and clocks for tests.
 */
@NullMarked
package io.github.mcppersist.test.event;

import org.jspecify.annotations.NullMarked;
