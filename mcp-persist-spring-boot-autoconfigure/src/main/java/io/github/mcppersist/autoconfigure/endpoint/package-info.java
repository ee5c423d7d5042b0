/**
 * Auto-configuration of the Streamable HTTP endpoint, of its options and of its shutdown.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.endpoint;

import org.jspecify.annotations.NullMarked;
