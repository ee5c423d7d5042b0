/**
 * The contract of session stores.
 */
@NullMarked
package io.github.mcppersist.test.session;

import org.jspecify.annotations.NullMarked;
