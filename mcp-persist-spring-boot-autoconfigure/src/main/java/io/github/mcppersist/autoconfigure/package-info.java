/**
 * Spring Boot auto-configuration of the event store, the Streamable HTTP endpoint and its
 * servlet.
 */
@NullMarked
package io.github.mcppersist.autoconfigure;

import org.jspecify.annotations.NullMarked;
