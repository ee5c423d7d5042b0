/**
 * The nodes that serve the same sessions: who is there, and how they tell each other.
 */
@NullMarked
package io.github.mcppersist.node;

import org.jspecify.annotations.NullMarked;
