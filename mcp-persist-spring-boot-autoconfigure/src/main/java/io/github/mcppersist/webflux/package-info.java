/**
 * The Streamable HTTP endpoint as a handler function of Spring WebFlux.
 */
@NullMarked
package io.github.mcppersist.webflux;

import org.jspecify.annotations.NullMarked;
