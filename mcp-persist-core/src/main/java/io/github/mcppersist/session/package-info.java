/**
 * Sessions that any node can carry on: what is known of each, and where it is stored.
 */
@NullMarked
package io.github.mcppersist.session;

import org.jspecify.annotations.NullMarked;
