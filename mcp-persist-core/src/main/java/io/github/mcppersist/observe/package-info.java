/**
 * What can be seen of an endpoint from outside: what observers are told, and what it
 * holds.
 */
@NullMarked
package io.github.mcppersist.observe;

import org.jspecify.annotations.NullMarked;
