/**
 * A reactive Spring AI server with annotated tools and mcp-persist on its class path.
 */
@NullMarked
package io.github.mcppersist.samples.webflux;

import org.jspecify.annotations.NullMarked;
