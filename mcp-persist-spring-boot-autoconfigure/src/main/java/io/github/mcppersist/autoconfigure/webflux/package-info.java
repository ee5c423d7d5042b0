/**
 * Auto-configuration of the handler function that serves the endpoint in a reactive
 * application.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.webflux;

import org.jspecify.annotations.NullMarked;
