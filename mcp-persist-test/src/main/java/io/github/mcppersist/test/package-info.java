/**
 * What all tests of the project have in common.
 */
@NullMarked
package io.github.mcppersist.test;

import org.jspecify.annotations.NullMarked;
